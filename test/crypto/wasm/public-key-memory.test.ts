/** What the public-key kernels' memory holds when a call is over: nothing but what is public of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CurveName, KeyExchange } from '../../../src/crypto/provider.ts'
import { x25519, type Curve25519 } from '../../../src/crypto/wasm/curve25519.ts'
import { ed25519Signer, verifyEd25519 } from '../../../src/crypto/wasm/ed25519.ts'
import { instantiate, type Kernel, type Pointer } from '../../../src/crypto/wasm/kernel.ts'
import { readKernels } from '../../../src/crypto/wasm/load.ts'
import { mlKem768, type MlKem } from '../../../src/crypto/wasm/ml-kem.ts'
import { nistCurve, type NistCurveExports } from '../../../src/crypto/wasm/nist-curve.ts'
import { rsaOperation, type Rsa } from '../../../src/crypto/wasm/rsa.ts'
import { noble } from '../../../src/crypto/noble/provider.ts'
import { prepare } from '../../../src/crypto/noble/rsa/private-operation.ts'
import { ecdsaKeys, ed25519Key, rsaKey, seededRandom } from '../keys.ts'

const modules = readKernels()

test('X25519 leaves its shares, and nothing else', () => {
  const kernel = instantiate<Curve25519>(modules, 'curve25519')
  const exchange = x25519(kernel)
  const { x } = kernel.exports
  leavesOnly(kernel, [[x, 32]], () => {
    const random = seededRandom('x25519')
    const pair = exchange.keyPair(random)
    exchange.sharedSecret(pair.privateKey, new Uint8Array(32))
    exchange.sharedSecret(pair.privateKey, pair.share)
    exchange.keyPair(random)
  })
})

test('Ed25519 leaves keys and signatures, and nothing else', () => {
  const kernel = instantiate<Curve25519>(modules, 'curve25519')
  const { x, r, s } = kernel.exports
  const publicParts = [x, r, s].map((pointer) => [pointer, 32] as const)
  leavesOnly(kernel, publicParts, () => {
    const key = ed25519Key()
    const sign = ed25519Signer(key, kernel, noble)
    const message = Uint8Array.of(1, 2, 3)
    const signature = sign('Ed25519', message, seededRandom('unused'))
    assert.ok(verifyEd25519(key.publicKey, message, signature, kernel, noble))
    assert.ok(!verifyEd25519(key.publicKey.with(3, 7), message, signature, kernel, noble))
  })
})

for (const [curve, name] of [
  ['P-256', 'p256'],
  ['P-384', 'p384'],
] as const satisfies [CurveName, string][])
  test(`${curve} leaves points and signatures, and nothing else`, () => {
    const kernel = instantiate<NistCurveExports>(modules, name)
    const bound = nistCurve(kernel, curve)
    const { x, y, r, s } = kernel.exports
    const { scalar, point } = ecdsaKeys[curve]
    const points = [
      [x, 48],
      [y, 48],
    ] as const
    leavesOnly(kernel, points, () => {
      const random = seededRandom(curve)
      const pair = bound.exchange.keyPair(random)
      bound.exchange.sharedSecret(pair.privateKey, point)
      bound.exchange.sharedSecret(pair.privateKey, point.with(5, 7))
      assert.throws(() => bound.exchange.sharedSecret(new Uint8Array(scalar.length), point))
      bound.publicKey(scalar)
      bound.publicKey(new Uint8Array(scalar.length))
    })
    leavesOnly(kernel, [...points, [r, 48], [s, 48]], () => {
      const random = seededRandom(curve)
      const digest = random(scalar.length)
      const signature = bound.sign(scalar, digest, random(scalar.length))
      assert.ok(signature !== undefined && bound.verify(point, digest, signature))
      assert.equal(bound.verify(point.with(5, 7), digest, signature), false)
      assert.equal(bound.sign(new Uint8Array(scalar.length), digest, random(scalar.length)), undefined)
      assert.equal(bound.sign(scalar, digest, new Uint8Array(scalar.length).fill(0xff)), undefined)
    })
  })

test('ML-KEM-768 leaves encapsulation key and ciphertext, and nothing else', () => {
  const kernel = instantiate<MlKem>(modules, 'ml-kem')
  const exchange: KeyExchange = mlKem768(kernel)
  const { encapsulationKey, ciphertext } = kernel.exports
  const publicParts = [
    [encapsulationKey, 1184],
    [ciphertext, 1088],
  ] as const
  leavesOnly(kernel, publicParts, () => {
    const random = seededRandom('ml-kem')
    const { privateKey, share } = exchange.keyPair(random)
    const answer = exchange.respond(share, random)
    assert.ok(answer !== undefined)
    exchange.sharedSecret(privateKey, new Uint8Array(1088))
    exchange.sharedSecret(privateKey, answer.share)
    assert.equal(exchange.respond(share.fill(0xff), random), undefined)
  })
})

test('RSA leaves its result, and nothing else', () => {
  const kernel = instantiate<Rsa>(modules, 'rsa')
  const operationOf = rsaOperation(kernel)
  const raw = rsaKey('2048')
  const operation = operationOf(prepare(raw), raw)
  const faulty = operationOf(prepare(raw), { ...raw, dp: raw.dp.with(9, 9) })
  leavesOnly(kernel, [[kernel.exports.result, 256]], () => {
    operation(new Uint8Array(256).fill(1), seededRandom('rsa'))
    assert.throws(() => faulty(new Uint8Array(256).fill(1), seededRandom('rsa')))
  })
})

function leavesOnly(kernel: Kernel<object>, allowed: readonly (readonly [Pointer, number])[], act: () => void): void {
  const before = kernel.memory.slice()
  act()
  const after = kernel.memory.slice()
  for (const [at, length] of allowed) {
    assert.notDeepEqual(after.subarray(at, at + length), new Uint8Array(length), 'it did nothing')
    after.set(before.subarray(at, at + length), at)
  }
  const changed = before.findIndex((byte, i) => byte !== after[i])
  assert.equal(changed, -1, `something was left at ${changed}`)
}
