import { bestChain, type ChainWishes } from '../chain-wishes.ts'
import type { ServerCredential } from '../config.ts'
import { fault } from '../fault.ts'
import { isHandshakeSignature, schemeIds, type HandshakeSignatureName } from '../suites.ts'

/** A credential, and the scheme of those of its key that the client verifies. */
export interface ChosenCredential {
  readonly credential: ServerCredential
  readonly scheme: HandshakeSignatureName
}

/** Ours first, among those whose key the client can verify; what it says of certificates decides between them. Throws Fault. */
export function chooseCredential(
  wishes: ChainWishes & { readonly serverName?: string | undefined },
  credentials: readonly ServerCredential[] | undefined,
): ChosenCredential {
  const { signatureSchemes } = wishes
  // RFC 8446 §9.2: it may be missing only where a PSK is taken; the name, only where there is something for every name.
  if (signatureSchemes === undefined) throw fault('signature-algorithms-missing')
  if (credentials === undefined)
    throw fault(wishes.serverName === undefined ? 'server-name-missing' : 'server-name-unknown')
  const possible = credentials.flatMap((credential) => {
    const scheme = credential.signingKey.schemes
      .filter(isHandshakeSignature)
      .find((name) => signatureSchemes.includes(schemeIds[name].id))
    return scheme === undefined ? [] : [{ credential, scheme }]
  })
  const chosen = bestChain(possible, wishes)
  if (chosen === undefined) throw fault('no-suitable-credential')
  return chosen
}
