import { equalConstantTime, wipe } from '../../bytes/arrays.ts'
import { nonces } from '../ecdsa-nonce.ts'
import { readSignature, writeSignature } from '../ecdsa-signature.ts'
import {
  curveOrder,
  fromInteger,
  scalarLength,
  signatureDetails,
  toInteger,
  type EcdsaPrivateKey,
  type EcdsaPublicKey,
} from '../key-check.ts'
import type { CryptoProvider, CurveName, SignatureName, SigningKey } from '../provider.ts'
import type { NistCurve } from './nist-curve.ts'

/** ECDSA signatures, FIPS 186-5 §6.4, by a kernel that is handed its nonces. */
export function ecdsaSigner(
  key: EcdsaPrivateKey,
  curve: NistCurve,
  provider: Pick<CryptoProvider, 'hash' | 'hmac'>,
): SigningKey['sign'] {
  const point = curve.publicKey(key.scalar)
  if (point === undefined) throw new Error(`the ${key.curve} private key is not in the range 1 to n-1`)
  if (!equalConstantTime(point, key.point))
    throw new Error(`the ${key.curve} private key does not match its public key`)
  const scalar = Uint8Array.from(key.scalar)
  return (scheme, message, random) => {
    const { hash } = signatureDetails[scheme]
    const digest = reduce(key.curve, digestOf(provider, scheme, message))
    const fresh = random(32)
    try {
      for (const nonce of nonces(provider, hash, scalar, digest, fresh)) {
        const signature = curve.sign(scalar, digest, nonce)
        wipe(nonce)
        if (signature !== undefined) return writeSignature(signature)
      }
    } finally {
      wipe(fresh)
    }
    throw new Error('the nonces ran out, which never do')
  }
}

export function verifyEcdsa(
  scheme: SignatureName,
  key: EcdsaPublicKey,
  message: Uint8Array,
  signature: Uint8Array,
  curve: NistCurve,
  provider: Pick<CryptoProvider, 'hash'>,
): boolean {
  const numbers = readSignature(signature, scalarLength[key.curve])
  return numbers !== undefined && curve.verify(key.point, digestOf(provider, scheme, message), numbers)
}

function digestOf({ hash }: Pick<CryptoProvider, 'hash'>, scheme: SignatureName, message: Uint8Array): Uint8Array {
  const running = hash(signatureDetails[scheme].hash)
  running.update(message)
  return running.digest()
}

/** bits2octets of RFC 6979 §2.3.4. The digest is of public bytes. */
function reduce(curve: CurveName, digest: Uint8Array): Uint8Array {
  // Both orders begin with four bytes of ones, so that few digests have to be turned into a number to be compared.
  if (digest[0] !== 0xff) return digest
  const value = toInteger(digest)
  return value < curveOrder[curve] ? digest : fromInteger(value - curveOrder[curve], digest.length)
}
