import type { CryptoProvider, PrivateKey, PublicKey } from '../crypto/provider.ts'
import type { Credential } from './credential.ts'
import { IssueError } from './issue.ts'
import { readKeyDer, readKeyPem, type KeyNumbers } from './key-numbers.ts'
import { chainOf, pair } from './pair.ts'

/**
 * Credentials for whoever is about to sign with them. To compute a key's public half takes a curve in JavaScript, and
 * some 15 MiB of memory; here it is taken from the certificate, and the provider, which refuses a key whose halves do not
 * belong together, is the judge. Throws IssueError, or the provider's error where it cannot use the key.
 */
export function servedCredential(chain: readonly Uint8Array[], pkcs8: Uint8Array, crypto: CryptoProvider): Credential {
  return pair(chain, (publicKey) => proven(readKeyDer(pkcs8), publicKey, crypto))
}

/** The same from PEM, as two files hold them. */
export function servedCredentialPem(certificatePem: string, keyPem: string, crypto: CryptoProvider): Credential {
  return pair(chainOf(certificatePem), (publicKey) => proven(readKeyPem(keyPem), publicKey, crypto))
}

/** The same for whoever hands the key on: an RSA key, whose halves come together, need not be one that we could sign with. */
export function passedCredential(chain: readonly Uint8Array[], pkcs8: Uint8Array, crypto: CryptoProvider): Credential {
  return pair(chain, (publicKey) => passed(readKeyDer(pkcs8), publicKey, crypto))
}

/** The same from PEM, as a Secret holds them. */
export function passedCredentialPem(certificatePem: string, keyPem: string, crypto: CryptoProvider): Credential {
  return pair(chainOf(certificatePem), (publicKey) => passed(readKeyPem(keyPem), publicKey, crypto))
}

function passed(numbers: KeyNumbers, publicKey: PublicKey, crypto: CryptoProvider): PrivateKey {
  return numbers.kind === 'rsa' ? numbers : proven(numbers, publicKey, crypto)
}

function proven(numbers: KeyNumbers, publicKey: PublicKey, crypto: CryptoProvider): PrivateKey {
  if (numbers.kind === 'rsa') {
    crypto.signingKey(numbers)
    return numbers
  }
  const key = joined(numbers, publicKey)
  if (key === undefined) throw mismatch(numbers)
  try {
    crypto.signingKey(key)
  } catch {
    throw mismatch(numbers)
  }
  return key
}

function mismatch({ kind }: KeyNumbers): IssueError {
  return new IssueError('KeyMismatch', `the ${kind} private key does not belong to the certificate`)
}

function joined(numbers: Exclude<KeyNumbers, { kind: 'rsa' }>, publicKey: PublicKey): PrivateKey | undefined {
  if (numbers.kind === 'ed25519' && publicKey.kind === 'ed25519') return { ...numbers, publicKey: publicKey.publicKey }
  if (numbers.kind === 'ecdsa' && publicKey.kind === 'ecdsa' && numbers.curve === publicKey.curve)
    return { ...numbers, point: publicKey.point }
  return undefined
}
