/** As products leave it: limbs within half of 2^bits of 0, of the value that is nearest to 0 modulo the prime; the lowest first. */
export function balancedLimbs(value: bigint, prime: bigint, bits: number, count: number): bigint[] {
  let rest = 2n * value > prime ? value - prime : value
  return Array.from({ length: count }, () => {
    const limb = BigInt.asIntN(bits, rest)
    rest = (rest - limb) >> BigInt(bits)
    return limb
  })
}
