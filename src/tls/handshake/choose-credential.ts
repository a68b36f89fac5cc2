import { equal } from '../../bytes/arrays.ts'
import { parseCertificate, type Certificate } from '../../x509/certificate.ts'
import type { SignatureAlgorithm } from '../../x509/signature.ts'
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
  negotiated: Negotiated,
  credentials: readonly ServerCredential[] | undefined,
): ChosenCredential {
  const { signatureSchemes } = negotiated
  // RFC 8446 §9.2: it may be missing only where a PSK is taken.
  if (signatureSchemes === undefined) throw fault('signature-algorithms-missing')
  if (credentials === undefined) throw fault('server-name-unknown')
  const possible = credentials.flatMap((credential) => {
    const scheme = credential.signingKey.schemes
      .filter(isHandshakeSignature)
      .find((name) => signatureSchemes.includes(schemeIds[name].id))
    return scheme === undefined ? [] : [{ credential, scheme }]
  })
  const [first] = possible
  if (first === undefined) throw fault('no-suitable-credential')
  if (possible.length === 1) return first
  // RFC 8446 §4.4.2.2, §4.2.4: where no chain is as the client would have it, it gets one all the same.
  const verified = possible.filter(({ credential }) => isVerified(credential, negotiated))
  const fitting = verified.length > 0 ? verified : possible
  return fitting.find(({ credential }) => isKnown(credential, negotiated)) ?? fitting[0] ?? first
}

/** Whether the client verifies every signature in the chain; that of an authority on itself is nothing to verify. */
function isVerified(credential: ServerCredential, { certificateSchemes, signatureSchemes }: Negotiated): boolean {
  const taken = certificateSchemes ?? signatureSchemes ?? []
  return parsed(credential).every(
    ({ signatureAlgorithm, subject, issuer }) =>
      subject.key === issuer.key || schemesOf(signatureAlgorithm).some((id) => taken.includes(id)),
  )
}

/** Whether an authority that the client has named stands above. */
function isKnown(credential: ServerCredential, { authorities }: Negotiated): boolean {
  return parsed(credential).some(({ issuer }) => authorities.some((name) => equal(name, issuer.der)))
}

/** What a certificate's signature is called in TLS: more than one, where the name says a curve or a kind of key that we cannot see. */
function schemesOf(algorithm: SignatureAlgorithm): readonly number[] {
  if (algorithm.family === 'unsupported') return []
  if (algorithm.family === 'ed25519') return [0x0807]
  const strength = { 'SHA-256': 0, 'SHA-384': 1, 'SHA-512': 2 }[algorithm.hash]
  if (algorithm.family === 'ecdsa') return [0x0403 + strength * 0x100]
  return algorithm.family === 'rsa-pkcs1' ? [0x0401 + strength * 0x100] : [0x0804 + strength, 0x0809 + strength]
}

function parsed(credential: ServerCredential): readonly Certificate[] {
  const certificates = chains.get(credential) ?? credential.chain.map(parseCertificate)
  chains.set(credential, certificates)
  return certificates
}

/** Chains that were looked into; they go with their credential. */
const chains = new WeakMap<ServerCredential, readonly Certificate[]>()
