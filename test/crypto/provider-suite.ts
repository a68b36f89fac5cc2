/**
 * What every CryptoProvider must do, told once and run against each. `other` is another provider: what one signs or
 * agrees on, the other must accept, and what one refuses, so must the other.
 */
import type { CryptoProvider } from '../../src/crypto/provider.ts'
import { aeads } from './suite/aead.ts'
import { hashes, hkdf } from './suite/hashes.ts'
import { exchanges, hybrids, nistCurve, x25519 } from './suite/key-exchange.ts'
import { privateKeys } from './suite/private-keys.ts'
import { ecdsa, eddsa, rsa, signatures } from './suite/signatures.ts'
import { curveNames } from './suite/values.ts'
import { wycheproof } from './wycheproof.ts'

export function providerSuite(provider: CryptoProvider, other: CryptoProvider): void {
  hashes(provider)
  hkdf(provider)
  aeads(provider, other)
  x25519(provider)
  for (const curve of curveNames) nistCurve(provider, curve)
  hybrids(provider)
  exchanges(provider, other)
  eddsa(provider)
  ecdsa(provider)
  rsa(provider)
  signatures(provider, other)
  privateKeys(provider)
  wycheproof(provider)
}
