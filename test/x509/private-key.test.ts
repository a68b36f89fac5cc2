/**
 * Shows RFC 8017 §3.2, §A.1.2.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { PrivateKey } from '../../src/crypto/provider.ts'
import { IssueError } from '../../src/x509/issue.ts'
import { maxRsaBytes } from '../../src/x509/oids.ts'
import { encodePkcs8, parsePkcs8, parsePrivateKeyPem } from '../../src/x509/private-key.ts'
import { algorithms, issue } from '../support/openssl.ts'

for (const [type, algorithm] of Object.entries(algorithms))
  test(`any flipped bit of a key of ${type} is refused by name, or makes another whole key`, () => {
    const key = parsePrivateKeyPem(issue({ algorithm }).key)
    const der = encodePkcs8(key)
    for (let bit = 0; bit < der.length * 8; bit++) {
      const flipped = der.slice()
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
      try {
        const parsed = parsePkcs8(flipped)
        // Every number of an RSA key is bound to the others: what still parses is the same key.
        if (key.kind === 'rsa') assert.deepEqual(parsed, key, `bit ${bit}`)
      } catch (error) {
        assert.ok(error instanceof IssueError, `bit ${bit}: ${String(error)}`)
      }
    }
  })

describe('an RSA key', () => {
  const key = parsePrivateKeyPem(issue({ algorithm: algorithms.rsa }).key) as PrivateKey & { kind: 'rsa' }

  test('whose CRT numbers are wrong is refused: its signatures would give it away', () => {
    for (const part of ['d', 'dp', 'dq', 'qi', 'p', 'q'] as const) {
      const wrong = key[part].slice()
      wrong[wrong.length - 1] = (wrong.at(-1) as number) ^ 2
      assert.throws(() => parsePkcs8(encodePkcs8({ ...key, [part]: wrong })), { reason: 'MalformedKey' }, part)
    }
  })

  test('of a size that would take long to calculate with is refused before it is', () => {
    const huge = new Uint8Array(maxRsaBytes * 100).fill(0x7f)
    assert.throws(() => parsePkcs8(encodePkcs8({ ...key, n: huge, p: huge, q: huge })), { reason: 'UnsupportedKey' })
    assert.throws(() => parsePkcs8(encodePkcs8({ ...key, e: huge })), { reason: 'UnsupportedKey' })
  })
})

test('a key on a curve that is not served is refused with those that are', () => {
  const { key } = issue({ algorithm: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp256k1'] })
  assert.throws(() => parsePrivateKeyPem(key), { reason: 'UnsupportedKey', message: /P-256 or P-384/ })
})
