import { DecodeError } from '../bytes/decode-error.ts'
import type { CurveName, PrivateKey } from '../crypto/provider.ts'
import { context, DerReader, tag } from './der.ts'
import { IssueError } from './issue.ts'
import { curveByOid, maxExponentBytes, maxRsaBytes, oid } from './oids.ts'
import { parsePem } from './pem.ts'

/** The numbers of a private key; the public half of a curve's is not among them, even where the file has it. */
export type KeyNumbers =
  | { readonly kind: 'ecdsa'; readonly curve: CurveName; readonly scalar: Uint8Array }
  | { readonly kind: 'ed25519'; readonly seed: Uint8Array }
  | Extract<PrivateKey, { kind: 'rsa' }>

/**
 * Reads private keys as they stand in Secrets: PKCS#8 (RFC 5958), SEC1 (RFC 5915) and PKCS#1 (RFC 8017 §A.1.2), not
 * encrypted. Errors say what was found, and never quote a byte of a key.
 */
export function readKeyPem(text: string): KeyNumbers {
  const blocks = parsePem(text)
  const block = blocks.find(({ label }) => label.endsWith('PRIVATE KEY'))
  if (block === undefined) throw new IssueError('MalformedKey', `found ${labels(blocks)}, expected a PRIVATE KEY block`)
  if (block.label === 'PRIVATE KEY') return readKeyDer(block.der)
  if (block.label === 'EC PRIVATE KEY') return guarded(() => readSec1(block.der, undefined))
  if (block.label === 'RSA PRIVATE KEY') return guarded(() => readPkcs1(block.der))
  throw new IssueError(
    'UnsupportedKey',
    `found ${block.label}, expected PRIVATE KEY, EC PRIVATE KEY or RSA PRIVATE KEY`,
  )
}

/** The same from PKCS#8 DER. Throws IssueError. */
export function readKeyDer(der: Uint8Array): KeyNumbers {
  return guarded(() => {
    const outer = new DerReader(der)
    const fields = outer.sequence('PrivateKeyInfo')
    outer.end('PrivateKeyInfo')
    if (fields.peek === tag.sequence)
      throw new IssueError('UnsupportedKey', 'the private key is encrypted; store it without a passphrase')
    fields.number('version')
    const algorithm = fields.sequence('privateKeyAlgorithm')
    const kind = algorithm.oid('algorithm')
    const key = fields.value(tag.octetString, 'privateKey').content
    // Attributes and the public key may follow; whoever needs the latter does not take it from here.
    if (kind === oid.rsaEncryption) return readPkcs1(key)
    if (kind === oid.ed25519) return readEd25519(key)
    if (kind === oid.ecPublicKey) return readSec1(key, algorithm.oid('namedCurve'))
    throw new IssueError('UnsupportedKey', `keys of algorithm ${kind} are not supported: use ECDSA, RSA or Ed25519`)
  })
}

function readSec1(der: Uint8Array, curveFromOutside: string | undefined): KeyNumbers {
  const outer = new DerReader(der)
  const fields = outer.sequence('ECPrivateKey')
  outer.end('ECPrivateKey')
  if (fields.number('version') !== 1) throw new DecodeError('ECPrivateKey', 0, 'version is not 1')
  const scalar = fields.value(tag.octetString, 'privateKey').content
  const parameters = fields.optional(context(0), 'parameters')
  const named = parameters === undefined ? undefined : new DerReader(parameters.content).oid('namedCurve')
  const curveId = curveFromOutside ?? named
  if (curveId === undefined) throw new DecodeError('ECPrivateKey', 0, 'no curve is named')
  const curve = curveByOid[curveId]
  if (curve === undefined)
    throw new IssueError('UnsupportedKey', `curve ${curveId} is not supported: use P-256 or P-384`)
  return { kind: 'ecdsa', curve, scalar: fullLength(curve, scalar) }
}

function fullLength(curve: CurveName, given: Uint8Array): Uint8Array {
  const length = curve === 'P-256' ? 32 : 48
  if (given.length > length) throw new DecodeError('ECPrivateKey', 0, `a scalar of ${given.length} bytes for ${curve}`)
  // Some writers leave leading zeros out.
  const scalar = new Uint8Array(length)
  scalar.set(given, length - given.length)
  return scalar
}

function readEd25519(key: Uint8Array): KeyNumbers {
  const inner = new DerReader(key)
  const seed = inner.value(tag.octetString, 'CurvePrivateKey').content
  inner.end('CurvePrivateKey')
  if (seed.length !== 32) throw new DecodeError('CurvePrivateKey', 0, `${seed.length} bytes, expected 32`)
  return { kind: 'ed25519', seed }
}

function readPkcs1(der: Uint8Array): KeyNumbers {
  const outer = new DerReader(der)
  const fields = outer.sequence('RSAPrivateKey')
  outer.end('RSAPrivateKey')
  if (fields.number('version') !== 0)
    throw new IssueError('UnsupportedKey', 'RSA keys of more than two primes are not supported')
  const n = fields.unsigned('modulus')
  const e = fields.unsigned('publicExponent')
  const d = fields.unsigned('privateExponent')
  const p = fields.unsigned('prime1')
  const q = fields.unsigned('prime2')
  const dp = fields.unsigned('exponent1')
  const dq = fields.unsigned('exponent2')
  const qi = fields.unsigned('coefficient')
  fields.end('RSAPrivateKey')
  // Before any arithmetic: whoever writes a Secret must not decide how long we calculate.
  if ([n, d, p, q, dp, dq, qi].some(({ length }) => length > maxRsaBytes) || e.length > maxExponentBytes)
    throw new IssueError('UnsupportedKey', `RSA keys of more than ${maxRsaBytes * 8} bits are not supported`)
  if (!isConsistent(value(n), value(e), value(d), value(p), value(q), value(dp), value(dq), value(qi)))
    throw new IssueError('MalformedKey', 'the numbers of the RSA key do not belong together')
  return { kind: 'rsa', n, e, d, p, q, dp, dq, qi }
}

/** RFC 8017 §3.2: one wrong CRT number would make signatures that give the key away. */
function isConsistent(n: bigint, e: bigint, d: bigint, p: bigint, q: bigint, dp: bigint, dq: bigint, qi: bigint) {
  if (p < 3n || q < 3n || p * q !== n) return false
  const inverse = (exponent: bigint, prime: bigint): boolean => (e * exponent) % (prime - 1n) === 1n
  return inverse(d, p) && inverse(d, q) && inverse(dp, p) && inverse(dq, q) && (qi * q) % p === 1n
}

function guarded(read: () => KeyNumbers): KeyNumbers {
  try {
    return read()
  } catch (error) {
    // A DecodeError names fields, lengths and tags, and never holds content.
    if (error instanceof DecodeError) throw new IssueError('MalformedKey', error.message)
    throw error
  }
}

function value(bytes: Uint8Array): bigint {
  return bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
}

function labels(blocks: readonly { readonly label: string }[]): string {
  return blocks.length === 0 ? 'no PEM block' : blocks.map(({ label }) => label).join(', ')
}
