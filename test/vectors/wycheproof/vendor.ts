/**
 * Copies the Wycheproof files we test against out of a checkout of C2SP/wycheproof, one test case a line:
 *
 *     node test/vectors/wycheproof/vendor.ts PATH/TO/wycheproof/testvectors_v1
 *
 * What it leaves out: other encodings of the public keys, which no test reads; the notes, which the source keeps; and of
 * AES-GCM the 192-bit keys, and the nonces that are not 96 bits long, all but one of each length, and of ML-KEM all
 * parameter sets but 768: TLS has none of them here.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const files = [
  'aes_gcm',
  'chacha20_poly1305',
  'x25519',
  'ecdh_secp256r1_ecpoint',
  'ecdh_secp384r1_ecpoint',
  'mlkem',
  'ecdsa_secp256r1_sha256',
  'ecdsa_secp384r1_sha384',
  'ed25519',
  'rsa_pss_2048_sha256_mgf1_32',
  'rsa_pss_2048_sha384_mgf1_48',
  'rsa_pss_3072_sha256_mgf1_32',
  'rsa_pss_4096_sha256_mgf1_32',
  'rsa_pss_4096_sha384_mgf1_48',
  'rsa_pss_4096_sha512_mgf1_64',
  'rsa_signature_2048_sha256',
  'rsa_signature_2048_sha384',
  'rsa_signature_2048_sha512',
  'rsa_signature_3072_sha256',
  'rsa_signature_4096_sha512',
  'hmac_sha256',
  'hmac_sha384',
  'hmac_sha512',
  'hkdf_sha256',
  'hkdf_sha384',
  'hkdf_sha512',
]

interface Group {
  readonly ivSize?: number
  readonly keySize?: number
  readonly parameterSet?: string
  readonly tests: readonly unknown[]
}
interface File {
  readonly algorithm: string
  readonly testGroups: readonly Group[]
}

const source = process.argv[2]
if (source === undefined) throw new Error('usage: vendor.ts PATH/TO/testvectors_v1')
const unread = new Set(['publicKeyDer', 'publicKeyPem', 'publicKeyAsn', 'publicKeyJwk', 'keyJwk', 'wx', 'wy', 'source'])

for (const name of files) {
  const file = JSON.parse(readFileSync(join(source, `${name}_test.json`), 'utf8')) as File
  const groups = file.testGroups
    .filter((group) => group.keySize !== 192 || name !== 'aes_gcm')
    .filter(({ parameterSet }) => parameterSet === undefined || parameterSet === 'ML-KEM-768')
    .map((group) => {
      const tests = name === 'aes_gcm' && group.ivSize !== 96 ? group.tests.slice(0, 1) : group.tests
      const head = JSON.stringify({ ...group, tests: undefined }, (key, value: unknown) =>
        unread.has(key) ? undefined : value,
      )
      const lines = tests.map((test) => JSON.stringify(test))
      return `${head.slice(0, -1)},"tests":[\n${lines.join(',\n')}\n]}`
    })
  const text = `{"algorithm":${JSON.stringify(file.algorithm)},"testGroups":[\n${groups.join(',\n')}\n]}\n`
  JSON.parse(text)
  writeFileSync(join(import.meta.dirname, `${name}.json`), text)
}
