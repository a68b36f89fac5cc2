import { equal } from '../bytes/arrays.ts'
import { extensionType } from '../wire/code-points.ts'
import { readCertificateAuthorities } from '../wire/extensions/certificate-authorities.ts'
import { readNumbers16 } from '../wire/extensions/number-list.ts'
import { parseCertificate, type Certificate } from '../x509/certificate.ts'
import type { SignatureAlgorithm } from '../x509/signature.ts'
import type { ServerCredential } from './config.ts'
import type { Extensions } from './hello.ts'

/** What a client says, in either version, about the chain that it would like to get. */
export interface ChainWishes {
  /** The schemes that the client verifies; undefined where it does not say, as one that resumes need not (RFC 8446 §9.2). */
  readonly signatureSchemes: readonly number[] | undefined
  /** The same of signatures in certificates, where it differs (RFC 8446 §4.2.3). */
  readonly certificateSchemes: readonly number[] | undefined
  /** Names of authorities that the client believes, DER; empty where it does not say (RFC 8446 §4.2.4). */
  readonly authorities: readonly Uint8Array[]
}

export function readChainWishes(extensions: Extensions): ChainWishes {
  const schemes = extensions.get(extensionType.signatureAlgorithms)
  const ofCertificates = extensions.get(extensionType.signatureAlgorithmsCert)
  const authorities = extensions.get(extensionType.certificateAuthorities)
  return {
    signatureSchemes: schemes && readNumbers16(schemes, 'signature_algorithms'),
    certificateSchemes: ofCertificates && readNumbers16(ofCertificates, 'signature_algorithms_cert'),
    authorities: authorities === undefined ? [] : readCertificateAuthorities(authorities),
  }
}

/** Of several that the client can take by their keys, the first whose chain is as it would have it; undefined where there are none. */
export function bestChain<Choice extends { readonly credential: ServerCredential }>(
  possible: readonly Choice[],
  wishes: ChainWishes,
): Choice | undefined {
  if (possible.length < 2) return possible[0]
  // RFC 8446 §4.4.2.2, §4.2.4; RFC 5246 §7.4.2: where no chain is as the client would have it, it gets one all the same.
  const verified = possible.filter(({ credential }) => isVerified(credential, wishes))
  const fitting = verified.length > 0 ? verified : possible
  return fitting.find(({ credential }) => isKnown(credential, wishes)) ?? fitting[0]
}

/** Whether the client verifies every signature in the chain; that of an authority on itself is nothing to verify. */
function isVerified(credential: ServerCredential, { certificateSchemes, signatureSchemes }: ChainWishes): boolean {
  const taken = certificateSchemes ?? signatureSchemes ?? []
  return parsed(credential).every(
    ({ signatureAlgorithm, subject, issuer }) =>
      subject.key === issuer.key || schemesOf(signatureAlgorithm).some((id) => taken.includes(id)),
  )
}

/** Whether an authority that the client has named stands above. */
function isKnown(credential: ServerCredential, { authorities }: ChainWishes): boolean {
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
