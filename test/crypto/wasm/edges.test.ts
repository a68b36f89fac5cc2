/** The kernels of curves at the edges of what they may be given, against @noble's arithmetic of points. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ed25519, x25519 as curve25519 } from '@noble/curves/ed25519.js'
import { p256, p384 } from '@noble/curves/nist.js'
import { concat } from '../../../src/bytes/arrays.ts'
import { toHex } from '../../../src/bytes/hex.ts'
import { fromInteger, toInteger } from '../../../src/crypto/key-check.ts'
import { noble } from '../../../src/crypto/noble/provider.ts'
import { x25519, type Curve25519 } from '../../../src/crypto/wasm/curve25519.ts'
import { verifyEd25519 } from '../../../src/crypto/wasm/ed25519.ts'
import { instantiate } from '../../../src/crypto/wasm/kernel.ts'
import { readKernels } from '../../../src/crypto/wasm/load.ts'
import { nistCurve } from '../../../src/crypto/wasm/nist-curve.ts'
import { seededRandom } from '../keys.ts'

const modules = readKernels()

for (const [name, kernelName, curve, length, doubling] of [
  ['P-256', 'p256', p256, 32, 34n],
  ['P-384', 'p384', p384, 48, 38n],
] as const) {
  const { p, n, b } = curve.Point.CURVE()
  const kernel = nistCurve(instantiate(modules, kernelName), name)
  const random = seededRandom(name)
  const bytes = (value: bigint): Uint8Array => fromInteger(value, length)
  const scalar = (): bigint => (toInteger(random(length)) % (n - 1n)) + 1n
  const point = (x: bigint, y: bigint): Uint8Array => concat(Uint8Array.of(4), bytes(x), bytes(y))
  const pointOf = (k: bigint): Uint8Array => curve.Point.BASE.multiply(k).toBytes(false)
  // Small and large ones, those where a digit changes its sign, those of one bit, and of all bits up to one; and that
  // whose last addition in the comb is of a point to itself.
  const scalars = [
    1n,
    2n,
    3n,
    15n,
    16n,
    17n,
    31n,
    32n,
    33n,
    63n,
    64n,
    65n,
    ...[1n, 2n, 3n, 16n, 32n, 64n, doubling].map((less) => n - less),
    (n - 1n) / 2n,
    (n + 1n) / 2n,
    ...Array.from({ length: 12 }, (_, i) => 1n << BigInt(i * (length / 2) + 29)),
    ...Array.from({ length: 12 }, (_, i) => (1n << BigInt(i * (length / 2) + 30)) - 1n),
    ...['55', 'aa', '0f', 'f0', '7f', '80'].map(
      (byte) => toInteger(Uint8Array.from(Buffer.from(byte.repeat(length), 'hex'))) % n,
    ),
  ]

  describe(`${name} in WebAssembly`, () => {
    test('multiplies the base point and others by scalars of every pattern', () => {
      const peer = curve.Point.BASE.multiply(scalar())
      for (const k of scalars) {
        assert.deepEqual(kernel.publicKey(bytes(k)), pointOf(k), k.toString(16))
        const secret = kernel.exchange.sharedSecret(bytes(k), peer.toBytes(false))
        assert.deepEqual(secret, bytes(peer.multiply(k).toAffine().x), k.toString(16))
      }
    })

    test('refuses scalars of 0, n and more', () => {
      for (const k of [0n, n, n + 1n, p, (1n << BigInt(8 * length)) - 1n]) {
        assert.equal(kernel.publicKey(bytes(k)), undefined)
        assert.equal(kernel.sign(bytes(k), bytes(5n), bytes(5n)), undefined)
        assert.equal(kernel.sign(bytes(5n), bytes(5n), bytes(k)), undefined)
        assert.throws(() => kernel.exchange.sharedSecret(bytes(k), pointOf(1n)), RangeError)
      }
    })

    test('takes the points of the smallest x, and neither x + p, y + p, nor those off the curve', () => {
      let taken = 0
      for (let x = 0n; x < 20n; x++) {
        const square = (x * x * x - 3n * x + b) % p
        if (curve.Point.Fp.eql(curve.Point.Fp.pow(square, (p - 1n) / 2n), 1n)) {
          const y = curve.Point.Fp.sqrt(square)
          const k = scalar()
          const expected = bytes(curve.Point.fromAffine({ x, y }).multiply(k).toAffine().x)
          for (const root of [y, p - y])
            assert.deepEqual(kernel.exchange.sharedSecret(bytes(k), point(x, root)), expected)
          assert.equal(kernel.exchange.sharedSecret(bytes(k), point(x + p, y)), undefined)
          if (y + p < 1n << BigInt(8 * length))
            assert.equal(kernel.exchange.sharedSecret(bytes(k), point(x, y + p)), undefined)
          taken++
        } else assert.equal(kernel.exchange.sharedSecret(bytes(7n), point(x, square)), undefined)
      }
      assert.ok(taken > 3)
      for (const [x, y] of [
        [0n, 0n],
        [p, p],
        [p - 1n, p - 1n],
        [0n, 1n],
      ] as const)
        assert.equal(kernel.exchange.sharedSecret(bytes(7n), point(x, y)), undefined)
    })

    test('signs as FIPS 186-5 §6.4.1 says, for digests and nonces at the edges, and verifies that', () => {
      const [d, k] = [scalar(), scalar()]
      const top = (1n << BigInt(8 * length)) - 1n
      for (const h of [0n, 1n, n - 1n, n, n + 1n, top])
        for (const [key, nonce] of [
          [d, k],
          [1n, n - 1n],
          [n - 1n, 1n],
          [d, (n + 1n) / 2n],
        ] as const) {
          const r = curve.Point.BASE.multiply(nonce).toAffine().x % n
          const s = (curve.Point.Fn.inv(nonce) * (h + r * key)) % n
          const signature = kernel.sign(bytes(key), bytes(h), bytes(nonce))
          if (s === 0n) {
            assert.equal(signature, undefined)
            continue
          }
          assert.deepEqual(signature, { r: bytes(r), s: bytes(s) })
          assert.ok(kernel.verify(pointOf(key), bytes(h), signature))
          assert.ok(!kernel.verify(pointOf(key), bytes(h === top ? 0n : h + 1n), signature))
        }
    })

    test('makes no signature whose s is 0, and verifies none whose r or s is out of range', () => {
      const [d, k] = [scalar(), scalar()]
      const r = curve.Point.BASE.multiply(k).toAffine().x % n
      assert.equal(kernel.sign(bytes(d), bytes((n - ((r * d) % n)) % n), bytes(k)), undefined)
      const good = kernel.sign(bytes(d), bytes(1n), bytes(k))
      assert.ok(good !== undefined && kernel.verify(pointOf(d), bytes(1n), good))
      for (const value of [0n, n, n + 1n, (1n << BigInt(8 * length)) - 1n]) {
        assert.ok(!kernel.verify(pointOf(d), bytes(1n), { ...good, r: bytes(value) }))
        assert.ok(!kernel.verify(pointOf(d), bytes(1n), { ...good, s: bytes(value) }))
      }
    })

    test('verifies where the two multiples are the same point, and refuses where they cancel', () => {
      // u G + v Q with Q = G or -G, and u = v: h = r. A doubling in a complete addition; or infinity, which is no point.
      const r = curve.Point.BASE.multiply(2n).toAffine().x % n
      const signature = { r: bytes(r), s: bytes(r) }
      assert.equal(kernel.verify(pointOf(1n), bytes(r), signature), true)
      assert.equal(kernel.verify(pointOf(n - 1n), bytes(r), signature), false)
    })
  })
}

describe('Curve25519 in WebAssembly', () => {
  const kernel = instantiate<Curve25519>(modules, 'curve25519')
  const exchange = x25519(kernel)
  const random = seededRandom('curve25519')
  const p = 2n ** 255n - 19n

  test('makes the shares and secrets of the other, for scalars of every pattern', () => {
    const scalars = [0, 1, 7, 8, 0x55, 0xaa, 0x7f, 0x80, 0xff].map((byte) => new Uint8Array(32).fill(byte))
    for (const scalar of [...scalars, ...Array.from({ length: 30 }, () => random(32))]) {
      const peer = random(32)
      assert.deepEqual(exchange.keyPair(() => scalar.slice()).share, curve25519.getPublicKey(scalar), toHex(scalar))
      assert.deepEqual(exchange.sharedSecret(scalar, peer), curve25519.getSharedSecret(scalar, peer), toHex(scalar))
    }
  })

  test('takes coordinates that are not reduced, and ignores the highest bit, as RFC 7748 §5 asks', () => {
    const scalar = random(32)
    for (let more = 2n; more < 19n; more++) {
      const expected = exchange.sharedSecret(scalar, littleEndian(more))
      assert.deepEqual(exchange.sharedSecret(scalar, littleEndian(p + more)), expected)
      assert.deepEqual(exchange.sharedSecret(scalar, littleEndian(p + more + 2n ** 255n)), expected)
    }
  })

  test('agrees with the other about coordinates at the edges of the field, and refuses those of low order', () => {
    const edges = [0n, 1n, 2n, 9n, p - 2n, p - 1n, p, p + 1n, p + 2n, 2n ** 255n - 1n, 2n ** 254n, 2n ** 256n - 1n]
    const lowOrder = new Set([0n, 1n, p - 1n, p, p + 1n])
    for (const scalar of [...[0, 0x55, 0xaa, 0xff].map((byte) => new Uint8Array(32).fill(byte)), random(32)])
      for (const u of edges) {
        const expected = lowOrder.has(u) ? undefined : curve25519.getSharedSecret(scalar, littleEndian(u))
        assert.deepEqual(exchange.sharedSecret(scalar, littleEndian(u)), expected, u.toString(16))
      }
  })

  test('Ed25519: takes no public key beyond the field, off the curve, or of x = 0 with a sign', () => {
    const seed = random(32)
    const message = Uint8Array.of(1)
    const signature = ed25519.sign(message, seed)
    const verify = (key: Uint8Array): boolean => verifyEd25519(key, message, signature, kernel, noble)
    assert.ok(verify(ed25519.getPublicKey(seed)))
    for (let more = 0n; more < 19n; more++)
      for (const sign of [0n, 2n ** 255n]) assert.equal(verify(littleEndian(p + more + sign)), false)
    for (const y of [1n, p - 1n]) assert.equal(verify(littleEndian(y + 2n ** 255n)), false)
    for (let y = 2n; y < 40n; y++) assert.equal(verify(littleEndian(y)), false)
  })

  test('Ed25519: verifies what the other signs, and nothing with a bit changed', () => {
    for (let i = 0; i < 20; i++) {
      const [seed, message] = [random(32), random(i * 11)]
      const [key, signature] = [ed25519.getPublicKey(seed), ed25519.sign(message, seed)]
      assert.ok(verifyEd25519(key, message, signature, kernel, noble))
      const at = (i * 37) % 64
      const changed = signature.with(at, (signature[at] as number) ^ 4)
      assert.equal(verifyEd25519(key, message, changed, kernel, noble), false)
    }
  })
})

function littleEndian(value: bigint): Uint8Array {
  return fromInteger(value, 32).toReversed()
}
