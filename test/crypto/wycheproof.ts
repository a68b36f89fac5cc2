/** Runs every vendored Wycheproof case against a provider. Each file says how many cases ran, and fails if none did. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { concat, equal } from '../../src/bytes/arrays.ts'
import { fromHex } from '../../src/bytes/hex.ts'
import { extract } from '../../src/crypto/hkdf.ts'
import { scalarLength } from '../../src/crypto/key-check.ts'
import {
  hashLength,
  nonceLength,
  type AeadName,
  type CryptoProvider,
  type CurveName,
  type HashName,
  type PublicKey,
  type SignatureName,
} from '../../src/crypto/provider.ts'
import { seededRandom } from './keys.ts'

export function wycheproof(provider: CryptoProvider): void {
  describe(`${provider.name}: Wycheproof`, () => {
    for (const file of readdirSync(folder).filter((file) => file.endsWith('.json')))
      test(file, (context) => {
        const name = file.slice(0, -'.json'.length)
        const run = Object.entries(readers).find(([prefix]) => name.startsWith(prefix))?.[1]
        assert.ok(run !== undefined, `${file} has no reader here`)
        const { testGroups } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as { testGroups: Group[] }
        const counts = { valid: 0, invalid: 0, acceptable: 0 }
        for (const group of testGroups)
          for (const vector of group.tests) {
            const where = `${file} case ${vector.tcId} (${vector.result}, ${vector.comment})`
            run(provider, vector, group, where)
            counts[vector.result]++
          }
        const ran = counts.valid + counts.invalid + counts.acceptable
        assert.ok(ran > 0, `${file}: no case ran`)
        context.diagnostic(`${file}: ${ran} cases ran (${JSON.stringify(counts)})`)
      })
  })
}

const folder = join(import.meta.dirname, '..', 'vectors', 'wycheproof')

interface Vector {
  readonly [field: string]: unknown
  readonly tcId: number
  readonly comment: string
  readonly flags: readonly string[]
  readonly result: 'valid' | 'invalid' | 'acceptable'
}

interface Group {
  readonly tests: readonly Vector[]
  readonly type?: string
  readonly sha?: string
  readonly tagSize?: number
  readonly publicKey?: Readonly<Record<string, string>>
}

type Run = (provider: CryptoProvider, vector: Vector, group: Group, where: string) => void

/** By the beginning of the file's name. */
const readers: Readonly<Record<string, Run>> = {
  aes_gcm: aead,
  chacha20_poly1305: aead,
  x25519,
  ecdh_secp256r1_ecpoint: ecdh('P-256'),
  ecdh_secp384r1_ecpoint: ecdh('P-384'),
  mlkem: mlKem,
  ecdsa_secp256r1_sha256: signature('ECDSA-P256-SHA256'),
  ecdsa_secp384r1_sha384: signature('ECDSA-P384-SHA384'),
  ed25519: signature('Ed25519'),
  rsa_pss: (provider, vector, group, where) =>
    signature(`RSA-PSS-SHA${shaOf(group)}` as SignatureName)(provider, vector, group, where),
  rsa_signature: (provider, vector, group, where) =>
    signature(`RSA-PKCS1-SHA${shaOf(group)}` as SignatureName)(provider, vector, group, where),
  hmac_sha256: hmac('SHA-256'),
  hmac_sha384: hmac('SHA-384'),
  hmac_sha512: hmac('SHA-512'),
  hkdf_sha256: hkdf('SHA-256'),
  hkdf_sha384: hkdf('SHA-384'),
  hkdf_sha512: hkdf('SHA-512'),
}

function aead(provider: CryptoProvider, vector: Vector, group: Group, where: string): void {
  assert.equal(group.tagSize, 128, where)
  const [key, nonce, aad, message] = [hex(vector, 'key'), hex(vector, 'iv'), hex(vector, 'aad'), hex(vector, 'msg')]
  const sealed = concat(hex(vector, 'ct'), hex(vector, 'tag'))
  const isGcm = where.startsWith('aes_gcm')
  const name: AeadName = !isGcm ? 'ChaCha20-Poly1305' : key.length === 16 ? 'AES-128-GCM' : 'AES-256-GCM'
  const cipher = provider.aead(name, key)
  if (nonce.length !== nonceLength) {
    assert.throws(() => cipher.seal(nonce, aad, message), RangeError, where)
    assert.throws(() => cipher.open(nonce, aad, sealed), RangeError, where)
    return
  }
  const opened = cipher.open(nonce, aad, sealed)
  if (vector.result === 'invalid') {
    assert.equal(opened, undefined, where)
    return
  }
  assert.deepEqual(opened, message, where)
  assert.deepEqual(cipher.seal(nonce, aad, message), sealed, where)
}

function x25519(provider: CryptoProvider, vector: Vector, _: Group, where: string): void {
  const secret = provider.keyExchange('X25519').sharedSecret(hex(vector, 'private'), hex(vector, 'public'))
  // Twists and encodings that are not canonical are taken, as RFC 7748 §5 demands; zeros are not (RFC 8446 §7.4.2).
  if (vector.flags.includes('ZeroSharedSecret')) assert.equal(secret, undefined, where)
  else assert.deepEqual(secret, hex(vector, 'shared'), where)
}

function ecdh(curve: CurveName): Run {
  return (provider, vector, _, where) => {
    const written = hex(vector, 'private')
    const length = scalarLength[curve]
    const scalar = concat(new Uint8Array(length), written).slice(-length)
    assert.ok(
      written.subarray(0, -length).every((byte) => byte === 0),
      where,
    )
    const secret = provider.keyExchange(curve).sharedSecret(scalar, hex(vector, 'public'))
    // The one acceptable case is a compressed point, which TLS 1.3 does not have (RFC 8446 §4.2.8.2).
    if (vector.result === 'valid') assert.deepEqual(secret, hex(vector, 'shared'), where)
    else assert.equal(secret, undefined, where)
  }
}

/** ML-KEM-768 comes in hybrids only: it is seen through X25519MLKEM768, in whose shares and secrets it stands first. */
function mlKem(provider: CryptoProvider, vector: Vector, { type }: Group, where: string): void {
  const exchange = provider.keyExchange('X25519MLKEM768')
  const curve = provider.keyExchange('X25519').keyPair(seededRandom(where))
  const encapsulationKey = hex(vector, 'ek')
  const encapsulated = exchange.respond(concat(encapsulationKey, curve.share), seededRandom('answer'))
  if (type === 'MLKEMEncapsTest') {
    assert.equal(vector.result, 'invalid', 'a valid case would need a reader')
    assert.equal(encapsulated, undefined, where)
    return
  }
  assert.ok(encapsulated !== undefined, where)
  const seed = hex(vector, 'seed')
  const pair = exchange.keyPair((length) => (length === 64 ? seed.slice() : new Uint8Array(length)))
  assert.deepEqual(pair.share.subarray(0, 1184), encapsulationKey, where)
  const secret = exchange.sharedSecret(concat(seed, curve.privateKey), concat(hex(vector, 'c'), curve.share))
  assert.deepEqual(secret?.slice(0, 32), hex(vector, 'K'), where)
}

function signature(scheme: SignatureName): Run {
  return (provider, vector, group, where) => {
    const verified = provider.verify(scheme, publicKey(group), hex(vector, 'msg'), hex(vector, 'sig'))
    // The acceptable ones lack the NULL in DigestInfo: RFC 8017 §8.2.2 compares encodings, so they are refused here.
    assert.equal(verified, vector.result === 'valid', where)
  }
}

function publicKey(group: Group): PublicKey {
  const key = group.publicKey ?? {}
  if (key.modulus !== undefined)
    return { kind: 'rsa', n: fromHex(key.modulus), e: fromHex(key.publicExponent as string) }
  if (key.pk !== undefined) return { kind: 'ed25519', publicKey: fromHex(key.pk) }
  const curve = key.curve === 'secp256r1' ? 'P-256' : 'P-384'
  return { kind: 'ecdsa', curve, point: fromHex(key.uncompressed as string) }
}

function hmac(hash: HashName): Run {
  return (provider, vector, group, where) => {
    const mac = provider.hmac(hash, hex(vector, 'key'), hex(vector, 'msg')).slice(0, (group.tagSize as number) / 8)
    assert.equal(equal(mac, hex(vector, 'tag')), vector.result === 'valid', where)
  }
}

function hkdf(hash: HashName): Run {
  return (provider, vector, _, where) => {
    const length = vector.size as number
    const key = extract(provider, hash, hex(vector, 'salt'), hex(vector, 'ikm'))
    const output = { info: hex(vector, 'info'), length }
    if (vector.result === 'invalid') {
      assert.ok(length > 255 * hashLength[hash], where)
      assert.throws(() => provider.expand(hash, key, [output]), RangeError, where)
      return
    }
    const okm = hex(vector, 'okm')
    assert.deepEqual(provider.expand(hash, key, [output]), [okm], where)
    assert.deepEqual(provider.expand(hash, key, [output, output]), [okm, okm], where)
  }
}

function shaOf(group: Group): string {
  return (group.sha as string).slice('SHA-'.length)
}

function hex(vector: Vector, field: string): Uint8Array {
  return fromHex(vector[field] as string)
}
