import { CheckedAead, type Cipher } from '../aead.ts'
import { demandScheme, isUncompressed, schemeFits, signingSchemes } from '../key-check.ts'
import { keyExchanges, type DiffieHellman } from '../key-exchange.ts'
import type { HashFunction } from '../noble/rsa/pss.ts'
import { rsaSigningKey, verifyRsa } from '../noble/rsa/rsa.ts'
import {
  hashLength,
  type AeadName,
  type CryptoProvider,
  type HashName,
  type PrivateKey,
  type SigningKey,
} from '../provider.ts'
import { aesGcm } from './aes-gcm.ts'
import { ChaCha20Poly1305Cipher, type ChaCha20Poly1305 } from './chacha20-poly1305.ts'
import { x25519, type Curve25519 } from './curve25519.ts'
import { ecdsaSigner, verifyEcdsa } from './ecdsa.ts'
import { ed25519Signer, verifyEd25519 } from './ed25519.ts'
import { hkdfExpand } from './hkdf.ts'
import { instantiate, type KernelModules } from './kernel.ts'
import { mlKem768 } from './ml-kem.ts'
import { nistCurve, type NistCurve } from './nist-curve.ts'
import { rsaOperation, rsaPublicOperation, type Rsa } from './rsa.ts'
import { sha2, type Sha2 } from './sha2.ts'

/**
 * Primitives in WebAssembly, from kernels written in AssemblyScript: memory-safe by the sandbox, and without branches or
 * addresses that depend on secrets. What has no kernel is @noble's, and this table is where it shows:
 *
 *     hash, hmac, expand          sha2
 *     AES-GCM                     aes-gcm
 *     ChaCha20-Poly1305           chacha20-poly1305
 *     X25519, Ed25519             curve25519
 *     P-256, P-384, their ECDSA   p256, p384
 *     ML-KEM-768                  ml-kem
 *     RSA                         rsa, in the encodings of noble/rsa
 */
export function wasmProvider(modules: KernelModules): CryptoProvider {
  const hashing = instantiate<Sha2>(modules, 'sha2')
  const { hash, hmac } = sha2(hashing)
  const curve25519 = instantiate<Curve25519>(modules, 'curve25519')
  const curves = {
    'P-256': once(() => nistCurve(instantiate(modules, 'p256'), 'P-256')),
    'P-384': once(() => nistCurve(instantiate(modules, 'p384'), 'P-384')),
  }
  const groups = keyExchanges({
    x25519: x25519(curve25519),
    p256: exchangeOf(curves['P-256']),
    p384: exchangeOf(curves['P-384']),
    mlKem768: mlKem768(instantiate(modules, 'ml-kem')),
  })
  const chacha = instantiate<ChaCha20Poly1305>(modules, 'chacha20-poly1305')
  const gcm = aesGcm(instantiate(modules, 'aes-gcm'))
  const ciphers = {
    'AES-128-GCM': gcm,
    'AES-256-GCM': gcm,
    'ChaCha20-Poly1305': (key) => new ChaCha20Poly1305Cipher(chacha, key),
  } as const satisfies Record<AeadName, (key: Uint8Array) => Cipher>

  const rsa = once(() => {
    const kernel = instantiate<Rsa>(modules, 'rsa')
    return { privateOperation: rsaOperation(kernel), publicOperation: rsaPublicOperation(kernel) }
  })
  const hashes = (name: HashName): HashFunction => hashFunction(hash, name)

  function signer(key: PrivateKey): SigningKey['sign'] {
    if (key.kind === 'ed25519') return ed25519Signer(key, curve25519, { hash })
    if (key.kind === 'ecdsa') return ecdsaSigner(key, curves[key.curve](), { hash, hmac })
    return rsaSigningKey(key, hashes, rsa().privateOperation)
  }

  return {
    name: 'wasm',
    hash,
    hmac,
    expand: hkdfExpand(hashing, hmac),
    aead: (name, key) => new CheckedAead(name, key, (name, key) => ciphers[name](key)),
    keyExchange: (name) => groups[name],
    signingKey(key) {
      const sign = signer(key)
      return {
        schemes: signingSchemes(key),
        sign(scheme, message, random) {
          demandScheme(key, scheme)
          return sign(scheme, message, random)
        },
      }
    },
    verify(scheme, key, message, signature) {
      if (!schemeFits(key, scheme)) return false
      if (key.kind === 'rsa') return verifyRsa(scheme, key, message, signature, hashes, rsa().publicOperation)
      if (key.kind === 'ed25519') return verifyEd25519(key.publicKey, message, signature, curve25519, { hash })
      if (!isUncompressed(key.curve, key.point)) return false
      return verifyEcdsa(scheme, key, message, signature, curves[key.curve](), { hash })
    },
  }
}

/** As the encodings of RSA want a hash. */
function hashFunction(hash: CryptoProvider['hash'], name: HashName): HashFunction {
  const digest = (message: Uint8Array): Uint8Array => {
    const running = hash(name)
    running.update(message)
    return running.digest()
  }
  return Object.assign(digest, { outputLen: hashLength[name] })
}

/** A kernel is compiled, and has its memory, when it is first asked for: who never meets a curve does not pay for it. */
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
