/** Where a kernel's time or addresses depend on what its memory holds: nowhere but here, and each for a reason. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { kernelNames, type KernelName } from '../../../src/crypto/wasm/kernel.ts'
import { findings } from './taint.ts'
import { kernelText, readWat } from './wat.ts'

const onCurve = {
  'nist-curve/publicKey: if': 'refuses a scalar that is 0 or too large: the caller is told, and none that we draw is',
  'nist-curve/sharedSecret: if, 2 times': 'the same, and refuses a point off the curve, which the peer sent',
  'nist-curve/readPoint: if': 'refuses coordinates beyond the field, which the peer sent',
  'nist-curve/sign: br_if, 2 times': 'refuses key and nonce that are 0 or too large: the caller is told',
  'nist-curve/sign: select': 'whether the signature is fit to be sent: the caller is told',
  'nist-curve/verify: if, 2 times': 'signature and key are public',
  'nist-curve/verify: br_if, 3 times': 'signature and key are public',
}

const accepted: Readonly<Record<KernelName, Readonly<Record<string, string>>>> = {
  'aes-gcm': {
    'aes/encryptPlanes: if': 'the number of rounds is read from the context: the cipher suite says it',
    'aes-gcm/open: if': 'whether a tag is right: the peer is told',
  },
  'chacha20-poly1305': { 'chacha20-poly1305/open: if': 'whether a tag is right: the peer is told' },
  sha2: {},
  curve25519: {
    'ed25519/readPoint: if, 4 times': 'a public key may be none, which the peer is told',
    'ed25519/readPoint: select': 'the same',
    'ed25519/verify: if, 4 times': 'signature and key are public',
  },
  p256: onCurve,
  p384: onCurve,
  rsa: { 'rsa/privateOperation: if': 'whether the result stood its check: only then does it leave' },
  'ml-kem': {
    'ml-kem/drawMatrix: address, 4 times':
      'the matrix is drawn from a seed that travels in the clear (FIPS 203 §4.2.2)',
    'ml-kem/drawMatrix: br_if, 2 times': 'the same',
    'ml-kem/drawMatrix: if, 3 times': 'the same',
    'ml-kem/encapsulate: select': 'refuses an encapsulation key beyond the field, which the peer sent',
  },
}

describe('what depends on a secret', () => {
  for (const name of kernelNames)
    test(`${name}: only what is listed here`, (context) => {
      const text = kernelText(name)
      const counts = new Map<string, number>()
      for (const { function: where, what } of findings(readWat(text)))
        counts.set(`${where}: ${what}`, (counts.get(`${where}: ${what}`) ?? 0) + 1)
      const found = [...counts].map(([what, count]) => (count === 1 ? what : `${what}, ${count} times`))
      assert.deepEqual(found.toSorted(), Object.keys(accepted[name]).toSorted())
      const all = text.match(/^ +(if|br_if|select|br_table)\b/gm)?.length ?? 0
      const listed = [...counts.values()].reduce((sum, count) => sum + count, 0)
      context.diagnostic(`${name}: of ${all} branches and selects, ${listed} depend on what memory holds`)
    })
})

const secret = 'i32.const 16; i32.load'
const leaks: Readonly<Record<string, string>> = {
  if: `${secret}; if; end`,
  br_if: `block $out; ${secret}; br_if $out; end`,
  select: `i32.const 1; i32.const 2; ${secret}; select; drop`,
  address: `${secret}; i32.load; drop`,
  division: `i32.const 7; ${secret}; i32.rem_u; drop`,
  'memory.fill': `i32.const 0; i32.const 0; ${secret}; memory.fill`,
  'memory.copy': `i32.const 0; ${secret}; i32.const 8; memory.copy`,
}

describe('the analysis itself', () => {
  for (const [what, body] of Object.entries(leaks))
    test(`finds ${what} on a secret`, () => {
      assert.deepEqual(findings(readWat(moduleOf(body))), [{ function: 'leak', what }])
    })

  test('follows a secret through locals, arithmetic, calls, globals, branches and the turns of a loop', () => {
    const carried = [
      `i32.const 3; ${secret}; i32.xor; local.tee $0; local.set $1; local.get $1; if; end`,
      `${secret}; call $passOn; if; end`,
      `global.get $kept; if; end; ${secret}; global.set $kept`,
      // Clean in the first turn only.
      `loop $again; local.get $0; if; end; ${secret}; local.set $0; local.get $1; br_if $again; end`,
      `local.get $1; if (result i32); ${secret}; else; i32.const 0; end; if; end`,
      `block $out (result i32); ${secret}; local.get $1; br_if $out; drop; i32.const 0; end; if; end`,
    ]
    for (const body of carried) assert.equal(findings(readWat(moduleOf(body))).length, 1, body)
  })

  test('finds nothing where only lengths and constants decide', () => {
    const counting = 'local.get $0; i32.const 1; i32.sub; local.tee $0; br_if $again'
    const reused = `${secret}; local.set $1; i32.const 5; local.set $1; local.get $1; if; end`
    const body = `loop $again; local.get $0; i32.load; local.set $1; ${counting}; end; ${reused}`
    assert.deepEqual(findings(readWat(moduleOf(body))), [])
  })

  test('refuses to guess at an instruction that it does not know', () => {
    assert.throws(() => findings(readWat(moduleOf('i32.const 1; i32.frobnicate; drop'))), /i32\.frobnicate/)
  })
})

function moduleOf(body: string): string {
  return [
    '(module',
    '(export "leak" (func $leak))',
    '(func $passOn (param $0 i32) (result i32)',
    'local.get $0',
    'i32.const 1',
    'i32.add',
    ')',
    '(func $leak (param $0 i32)',
    '(local $1 i32)',
    ...body.split('; '),
    ')',
    ')',
  ].join('\n')
}
