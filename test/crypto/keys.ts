/** Keys for the tests: fixed, known to everybody, good for nothing else; and a random source that repeats. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createHash } from 'node:crypto'
import { fromHex } from '../../src/bytes/hex.ts'
import type { EcdsaPrivateKey, RsaPrivateKey } from '../../src/crypto/key-check.ts'
import type { CurveName, PrivateKey, PublicKey } from '../../src/crypto/provider.ts'

/** The keys of RFC 6979, appendix A.2.5 and A.2.6. */
export const ecdsaKeys: Readonly<Record<CurveName, EcdsaPrivateKey>> = {
  'P-256': {
    kind: 'ecdsa',
    curve: 'P-256',
    scalar: fromHex('c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721'),
    point: fromHex(
      '0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299',
    ),
  },
  'P-384': {
    kind: 'ecdsa',
    curve: 'P-384',
    scalar: fromHex('6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5'),
    point: fromHex(
      '04ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a254515480bc138015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd2533264720',
    ),
  },
}

/** The second key of RFC 8032 §7.1. */
export function ed25519Key(): Extract<PrivateKey, { kind: 'ed25519' }> {
  return {
    kind: 'ed25519',
    seed: fromHex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb'),
    publicKey: fromHex('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c'),
  }
}

/** RSA keys by their size in bits and what is odd about them; made with OpenSSL's primes for these tests. */
export const rsaKeys = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', 'vectors', 'rsa-keys.json'), 'utf8'),
) as Readonly<Record<string, Readonly<Record<RsaPart, string>>>>

type RsaPart = Exclude<keyof RsaPrivateKey, 'kind'>

export function rsaKey(name: string): RsaPrivateKey {
  const key = rsaKeys[name]
  if (key === undefined) throw new Error(`no test key called ${name}`)
  const part = (name: RsaPart): Uint8Array => fromHex(key[name])
  const [n, e, d, p] = [part('n'), part('e'), part('d'), part('p')]
  return { kind: 'rsa', n, e, d, p, q: part('q'), dp: part('dp'), dq: part('dq'), qi: part('qi') }
}

export function publicKeyOf(key: PrivateKey): PublicKey {
  if (key.kind === 'ecdsa') return { kind: 'ecdsa', curve: key.curve, point: key.point }
  if (key.kind === 'ed25519') return { kind: 'ed25519', publicKey: key.publicKey }
  return { kind: 'rsa', n: key.n, e: key.e }
}

/** Bytes that look random and are the same for the same seed. */
export function seededRandom(seed: string): (length: number) => Uint8Array {
  let counter = 0
  return (length) => {
    const bytes = new Uint8Array(length)
    for (let at = 0; at < length; at += 32) {
      const block = createHash('sha256').update(`${seed} ${counter++}`).digest()
      bytes.set(block.subarray(0, Math.min(32, length - at)), at)
    }
    return bytes
  }
}
