import { equal } from '../bytes/arrays.ts'
import {
  hashLength,
  type CryptoProvider,
  type HashName,
  type PublicKey,
  type SignatureName,
} from '../crypto/provider.ts'
import { context, DerReader, tag } from './der.ts'
import { hashByOid, oid } from './oids.ts'

/** Something signed by an authority, a certificate or a CRL: the bytes, by which algorithm, and the signature. */
export interface Signed {
  readonly signed: Uint8Array
  readonly signatureAlgorithm: SignatureAlgorithm
  readonly signature: Uint8Array
}

/** How an authority signed. ECDSA's curve is not said here: it is the issuer's key's. */
export type SignatureAlgorithm =
  | { readonly family: 'ecdsa' | 'rsa-pkcs1' | 'rsa-pss'; readonly hash: HashName }
  | { readonly family: 'ed25519' }
  /** Not one that we verify: too weak (MD5, SHA-1), too rare, or unknown. */
  | { readonly family: 'unsupported'; readonly oid: string }

/**
 * Whether the key made the signature. `unsupported` where we could not know: the algorithm is not one that we verify, or
 * no algorithm of such a key.
 */
export function verifySigned(value: Signed, key: PublicKey, crypto: CryptoProvider): 'good' | 'bad' | 'unsupported' {
  const scheme = schemeOf(value.signatureAlgorithm, key)
  if (scheme === undefined) return 'unsupported'
  return crypto.verify(scheme, key, value.signed, value.signature) ? 'good' : 'bad'
}

/** Reads the content of an AlgorithmIdentifier of a signature (RFC 5280 §4.1.1.2). */
export function readSignatureAlgorithm(content: Uint8Array): SignatureAlgorithm {
  const fields = new DerReader(content)
  const id = fields.oid('signatureAlgorithm')
  const known = algorithmByOid[id]
  if (id === oid.rsassaPss) return readPss(fields) ?? { family: 'unsupported', oid: id }
  if (known === undefined) return { family: 'unsupported', oid: id }
  // RFC 4055 §5 has a NULL behind RSA's, RFC 5758 §3.2 and RFC 8410 §3 nothing behind the others.
  if (known.family === 'rsa-pkcs1') fields.optional(tag.null, 'parameters')
  fields.end('signatureAlgorithm')
  return known
}

function schemeOf(algorithm: SignatureAlgorithm, key: PublicKey): SignatureName | undefined {
  if (algorithm.family === 'unsupported') return undefined
  if (algorithm.family === 'ed25519') return key.kind === 'ed25519' ? 'Ed25519' : undefined
  const sha = algorithm.hash.slice('SHA-'.length) as '256' | '384' | '512'
  if (algorithm.family === 'ecdsa') return key.kind === 'ecdsa' ? `ECDSA-${short[key.curve]}-SHA${sha}` : undefined
  if (key.kind !== 'rsa') return undefined
  return algorithm.family === 'rsa-pss' ? `RSA-PSS-SHA${sha}` : `RSA-PKCS1-SHA${sha}`
}

/**
 * RSASSA-PSS-params (RFC 4055 §3.1): undefined unless one hash serves for both the message and MGF1, and the salt is as
 * long as it, which is the only form that TLS has and anybody issues.
 */
function readPss(fields: DerReader): SignatureAlgorithm | undefined {
  const parameters = fields.sequence('RSASSA-PSS-params')
  fields.end('signatureAlgorithm')
  const hash = parameters.optional(context(0), 'hashAlgorithm')
  const mask = parameters.optional(context(1), 'maskGenAlgorithm')
  const salt = parameters.optional(context(2), 'saltLength')
  const trailer = parameters.optional(context(3), 'trailerField')
  parameters.end('RSASSA-PSS-params')
  // What is left out has SHA-1 for its default.
  if (hash === undefined || mask === undefined || salt === undefined) return undefined
  const generator = new DerReader(mask.content).sequence('maskGenAlgorithm')
  if (generator.oid('maskGenAlgorithm') !== oid.mgf1) return undefined
  const maskHash = generator.value(tag.sequence, 'MGF1 hash')
  const name = hashByOid[readHashOid(new DerReader(hash.content).value(tag.sequence, 'hashAlgorithm').content)]
  if (name === undefined || hashByOid[readHashOid(maskHash.content)] !== name) return undefined
  if (new DerReader(salt.content).number('saltLength') !== hashLength[name]) return undefined
  if (trailer !== undefined && !equal(trailer.content, trailerOne)) return undefined
  return { family: 'rsa-pss', hash: name }
}

function readHashOid(content: Uint8Array): string {
  const fields = new DerReader(content)
  const id = fields.oid('hash')
  fields.optional(tag.null, 'parameters')
  fields.end('hash')
  return id
}

const algorithmByOid: Readonly<Record<string, SignatureAlgorithm>> = {
  '1.2.840.10045.4.3.2': { family: 'ecdsa', hash: 'SHA-256' },
  '1.2.840.10045.4.3.3': { family: 'ecdsa', hash: 'SHA-384' },
  '1.2.840.10045.4.3.4': { family: 'ecdsa', hash: 'SHA-512' },
  '1.3.101.112': { family: 'ed25519' },
  '1.2.840.113549.1.1.11': { family: 'rsa-pkcs1', hash: 'SHA-256' },
  '1.2.840.113549.1.1.12': { family: 'rsa-pkcs1', hash: 'SHA-384' },
  '1.2.840.113549.1.1.13': { family: 'rsa-pkcs1', hash: 'SHA-512' },
}
const short = { 'P-256': 'P256', 'P-384': 'P384' } as const
const trailerOne = Uint8Array.of(tag.integer, 1, 1)
