import { equal } from '../../../bytes/arrays.ts'
import {
  bitLength,
  fromInteger,
  isRsaPublicKey,
  saltLength,
  signatureDetails,
  toInteger,
  type RsaPrivateKey,
  type RsaPublicKey,
} from '../../key-check.ts'
import type { HashName, SignatureName, SigningKey } from '../../provider.ts'
import { pkcs1Encode } from './pkcs1.ts'
import { prepare, privateOperation, type Random, type RsaKey } from './private-operation.ts'
import { pssEncode, pssVerify, type HashFunction } from './pss.ts'

/**
 * RSA signatures (RFC 8017) in TypeScript. Keys as numbers and messages come in; signatures and yes or no go out. It
 * never encrypts and never decrypts.
 *
 * Why our own: the @noble libraries have no RSA. BigInt's time depends on its values, so a private exponent must not go
 * through it when a peer can measure. WebCrypto's RSA is asynchronous, and the engine is not. node:crypto's would be C,
 * and that is the other provider.
 *
 *     rsa.ts                 signing and verifying
 *     pss.ts, pkcs1.ts       the encodings
 *     private-operation.ts   blinded, by the Chinese remainder theorem, checked before it leaves
 *     montgomery.ts          the arithmetic: fixed-size limbs, no branch and no address that depends on a secret
 */
export function rsaSigningKey(
  key: RsaPrivateKey,
  hashes: Hashes,
  operationOf: OperationOf = inJavaScript,
): SigningKey['sign'] {
  const prepared = prepare(key)
  const operation = operationOf(prepared, key)
  return (scheme, message, random) => {
    const { padding, hash } = signatureDetails[scheme]
    const encoded =
      padding === 'pss'
        ? pssEncode(message, prepared.bits - 1, hashes(hash), random(saltLength(scheme)))
        : pkcs1Encode(hash, hashes(hash)(message), Math.ceil(prepared.bits / 8))
    if (encoded === undefined) throw new Error(`an RSA key of ${prepared.bits} bits is too short for ${scheme}`)
    return operation(encoded, random)
  }
}

/** The e-th root of a message below the modulus, blinded by random numbers, checked before it leaves. */
export type PrivateOperation = (message: Uint8Array, random: Random) => Uint8Array

/** Whoever does it takes what it needs of the key at once: its owner may wipe it. */
export type OperationOf = (prepared: RsaKey, key: RsaPrivateKey) => PrivateOperation

export const inJavaScript: OperationOf = (prepared) => (message, random) => privateOperation(prepared, message, random)

/** Verifies RSASSA-PSS with a salt as long as the hash, and RSASSA-PKCS1-v1_5; false for anything malformed. */
export function verifyRsa(
  scheme: SignatureName,
  key: RsaPublicKey,
  message: Uint8Array,
  signature: Uint8Array,
  hashes: Hashes,
  publicOperation: PublicOperation = inBigInts,
): boolean {
  if (!isRsaPublicKey(key)) return false
  const n = toInteger(key.n)
  const length = Math.ceil(bitLength(n) / 8)
  if (signature.length !== length) return false
  // RFC 8017 §5.2.2: there is one signature representative, not s plus multiples of n.
  if (toInteger(signature) >= n) return false
  const representative = publicOperation(signature, n, toInteger(key.e))
  const { padding, hash } = signatureDetails[scheme]
  if (padding === 'pss') return pssVerify(message, representative, bitLength(n) - 1, hashes(hash))
  const expected = pkcs1Encode(hash, hashes(hash)(message), length)
  return expected !== undefined && equal(representative, expected)
}

/** RSAVP1 (RFC 8017 §5.2.2), of a signature below the modulus and as long as it: its e-th power, as long again. */
export type PublicOperation = (signature: Uint8Array, n: bigint, e: bigint) => Uint8Array

const inBigInts: PublicOperation = (signature, n, e) => fromInteger(power(toInteger(signature), e, n), signature.length)

/** The library's hash by our name for it. */
export type Hashes = (name: HashName) => HashFunction

/** For public values only: BigInt's time depends on them. */
function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n
  for (const bit of exponent.toString(2)) {
    result = (result * result) % modulus
    if (bit === '1') result = (result * base) % modulus
  }
  return result
}
