import { edwards25519, weierstrass } from './comb.ts'
import type { Field } from './print-field.ts'

/** The fields that the kernels are compiled over, each with its curve's constants. The sources import them as `field`. */
export const fields = {
  /** NIST P-256: FIPS 186-5, SP 800-186 §3.2.1.3. */
  p256: {
    prime: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    order: 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n,
    reduction: 'montgomery',
    limbs: 9,
    base: {
      x: 0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
      y: 0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
    },
    constants: {
      CURVE_B: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
    },
    bytes: 32,
    combWidth: 6,
    windowWidth: 5,
    combShape: weierstrass,
  },
  /** NIST P-384: SP 800-186 §3.2.1.4. */
  p384: {
    prime: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    order: 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n,
    reduction: 'montgomery',
    limbs: 14,
    base: {
      x: 0xaa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7n,
      y: 0x3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5fn,
    },
    constants: {
      CURVE_B: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
    },
    bytes: 48,
    combWidth: 5,
    windowWidth: 5,
    combShape: weierstrass,
  },
  /** Curve25519 (RFC 7748 §4.1) and edwards25519 (RFC 8032 §5.1), whose group order is 8 times `order`. */
  curve25519: {
    prime: 2n ** 255n - 19n,
    order: 2n ** 252n + 27742317777372353535851937790883648493n,
    reduction: 'fold',
    limbs: 9,
    base: {
      x: 0x216936d3cd6e53fec0a4e231fdd6dc5c692cc7609525a7b2c9562d608f25d51an,
      y: 0x6666666666666666666666666666666666666666666666666666666666666658n,
    },
    constants: {
      /** 2d, d = -121665 / 121666. */
      TWICE_D: 0x2406d9dc56dffce7198e80f2eef3d13000e0149a8283b156ebd69b9426b2f159n,
      CURVE_D: 0x52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3n,
      /** 2^((p-1)/4), a square root of -1. */
      ROOT_OF_MINUS_ONE: 0x2b8324804fc1df0b2b4d00993dfbd7a72f431806ad2fe478c4ee1b274a0ea0b0n,
      /** 16 in each digit of 5 bits. */
      DIGIT_OFFSET: (16n * (2n ** 260n - 1n)) / 31n,
      /** 2^256 in the form that `mulScalar` takes, modulo the order and not the prime. */
      ORDER_TIMES_2_256: 2n ** (256n + 261n) % (2n ** 252n + 27742317777372353535851937790883648493n),
    },
    bytes: 32,
    combWidth: 5,
    windowWidth: 5,
    combShape: edwards25519,
  },
} as const satisfies Record<string, Field>
