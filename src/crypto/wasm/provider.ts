import { demandScheme, isUncompressed, schemeFits, signingSchemes } from '../key-check.ts'
import { keyExchanges, type DiffieHellman } from '../key-exchange.ts'
import { noble } from '../noble/provider.ts'
import type { CryptoProvider } from '../provider.ts'
import { x25519 } from './curve25519.ts'
import { ecdsaSigner, verifyEcdsa } from './ecdsa.ts'
import type { KernelModules } from './kernel.ts'
import { mlKem768 } from './ml-kem.ts'
import { nistCurve, type NistCurve } from './nist-curve.ts'
import { sha2 } from './sha2.ts'

/**
 * Primitives in WebAssembly, from kernels written in AssemblyScript: memory-safe by the sandbox, and without branches or
 * addresses that depend on secrets. What has no kernel is @noble's, and this table is where it shows:
 *
 *     hash, hmac                  sha2
 *     X25519                      curve25519
 *     P-256, P-384, their ECDSA   p256, p384
 *     ML-KEM-768                  ml-kem
 *     AEAD, Ed25519               @noble
 *     RSA                         noble/rsa
 */
export function wasmProvider(modules: KernelModules): CryptoProvider {
  const { hash, hmac } = sha2(modules)
  const curves = { 'P-256': once(() => nistCurve(modules, 'P-256')), 'P-384': once(() => nistCurve(modules, 'P-384')) }
  const groups = keyExchanges({
    x25519: x25519(modules),
    p256: exchangeOf(curves['P-256']),
    p384: exchangeOf(curves['P-384']),
    mlKem768: mlKem768(modules),
  })

  return {
    name: 'wasm',
    hash,
    hmac,
    aead: (name, key) => noble.aead(name, key),
    keyExchange: (name) => groups[name],
    signingKey(key) {
      if (key.kind !== 'ecdsa') return noble.signingKey(key)
      const sign = ecdsaSigner(key, curves[key.curve](), { hash, hmac })
      return {
        schemes: signingSchemes(key),
        sign(scheme, message, random) {
          demandScheme(key, scheme)
          return sign(scheme, message, random)
        },
      }
    },
    verify(scheme, key, message, signature) {
      if (key.kind !== 'ecdsa') return noble.verify(scheme, key, message, signature)
      if (!schemeFits(key, scheme) || !isUncompressed(key.curve, key.point)) return false
      return verifyEcdsa(scheme, key, message, signature, curves[key.curve](), { hash })
    },
  }
}

/** A curve's kernel makes its table when it starts, some milliseconds of work; who never meets the curve does not pay it. */
function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}

function exchangeOf(curve: () => NistCurve): DiffieHellman {
  return {
    keyPair: (random) => curve().exchange.keyPair(random),
    sharedSecret: (privateKey, peerShare) => curve().exchange.sharedSecret(privateKey, peerShare),
  }
}
