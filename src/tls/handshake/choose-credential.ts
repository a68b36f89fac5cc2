import { bestChain } from '../chain-wishes.ts'
import type { ServerCredential } from '../config.ts'
import { fault } from '../fault.ts'
import type { Negotiated } from '../negotiate.ts'
import { isHandshakeSignature, schemeIds, type HandshakeSignatureName } from '../suites.ts'

/** A credential, and the scheme of those of its key that the client verifies. */
export interface ChosenCredential {
  readonly credential: ServerCredential
  readonly scheme: HandshakeSignatureName
}

/** Ours first, among those whose key the client can verify; what it says of certificates decides between them. Throws Fault. */
export function chooseCredential(
  { wishes, serverName }: Pick<Negotiated, 'wishes' | 'serverName'>,
  credentials: readonly ServerCredential[] | undefined,
): ChosenCredential {
  const { signatureSchemes } = wishes
  // RFC 8446 §9.2: it may be missing only where a PSK is taken; the name, only where there is something for every name.
  if (signatureSchemes === undefined) throw fault('signature-algorithms-missing')
  if (credentials === undefined) throw fault(serverName === undefined ? 'server-name-missing' : 'server-name-unknown')
  const possible: ChosenCredential[] = []
  for (const credential of credentials) {
    const scheme = chooseScheme(credential, signatureSchemes)
    if (scheme !== undefined) possible.push({ credential, scheme })
  }
  const chosen = bestChain(possible, wishes)
  if (chosen === undefined) throw fault('no-suitable-credential')
  return chosen
}

/** The first of the key's own that the client verifies. */
function chooseScheme(
  { signingKey }: ServerCredential,
  verified: readonly number[],
): HandshakeSignatureName | undefined {
  for (const name of signingKey.schemes)
    if (isHandshakeSignature(name) && verified.includes(schemeIds[name].id)) return name
  return undefined
}
