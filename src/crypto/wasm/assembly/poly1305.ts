/**
 * Poly1305 (RFC 8439 §2.5): a polynomial in r modulo 2^130 - 5. Four blocks go to one reduction: each is multiplied by the
 * power of r that it will have had, and the products are added up before any carry. So the multiplier never waits for the
 * carries of the block before. Of long messages all but the end goes through four lanes (poly1305-lanes.ts).
 *
 * Numbers are five limbs of 26 bits in 64. What is multiplied stays under 2^28, powers under 2^26.1, and five times a power
 * under 2^28.5: twenty products add up to less than 2^61.
 */
import { hashLanes, lane, lanes } from './poly1305-lanes'
import { clear } from './vector'

/** In: r and s, 16 bytes each (§2.5.1). Secret, as is all that follows: `wipePoly` when done. */
export const polyKey: usize = memory.data(32, 16)
/** Out: the tag. */
export const polyTag: usize = memory.data(16, 16)
/** The hash so far: lane 0's, while the others have none. */
const hash: usize = lanes
/** r^4 to r^1, in this order: of each its five limbs, and five times all but the first. */
const powers: usize = memory.data(4 * 9 * 8, 16)
const together: i32 = 4
const rowLength: i32 = 9 * 8
const limb: u64 = 0x3ffffff

/** The tag of `count` whole blocks. */
export function poly1305(from: usize, count: i32): void {
  expandPowers(min(count, together))
  storeHash(0, 0, 0, 0, 0)
  let done = 0
  if (count >= 2 * together) {
    // The lanes' last four blocks stay behind: with them the lanes are multiplied by the powers that each still lacks.
    done = (count & ~3) - together
    hashLanes(from, done, powers)
    takeBlocks(from + (done << 4), together)
    clear(lanes + lane, (together - 1) * lane)
    done += together
  }
  for (; done < count; done += together) takeBlocks(from + (done << 4), min(count - done, together))
  finish()
}

/** Overwrites key, powers, hash and tag. */
export function wipePoly(): void {
  clear(polyKey, 32)
  clear(polyTag, 16)
  clear(hash, lane)
  clear(powers, 4 * 9 * 8)
}

/** As many powers of r as a run of `most` blocks needs. */
function expandPowers(most: i32): void {
  // §2.5: some bits of r are cleared.
  const low = load<u64>(polyKey) & 0x0ffffffc0fffffff, high = load<u64>(polyKey, 8) & 0x0ffffffc0ffffffc
  const r = powers + (together - 1) * rowLength
  storeHash(low & limb, (low >> 26) & limb, ((low >> 52) | (high << 12)) & limb, (high >> 14) & limb, high >> 40)
  storePower(r)
  for (let at = r - rowLength; at >= powers + (together - most) * rowLength; at -= rowLength) {
    const a0 = load<u64>(hash, 0), a1 = load<u64>(hash, 8), a2 = load<u64>(hash, 16), a3 = load<u64>(hash, 24), a4 = load<u64>(hash, 32)
    carry(
      column0(r, a0, a1, a2, a3, a4), column1(r, a0, a1, a2, a3, a4), column2(r, a0, a1, a2, a3, a4),
      column3(r, a0, a1, a2, a3, a4), column4(r, a0, a1, a2, a3, a4),
    )
    storePower(at)
  }
}

function storePower(at: usize): void {
  for (let i: usize = 0; i < 5; i++) store<u64>(at + 8 * i, load<u64>(hash + 8 * i))
  for (let i: usize = 1; i < 5; i++) store<u64>(at + 8 * (4 + i), 5 * load<u64>(hash + 8 * i))
}

/** hash = (lane 0 + first block) * r^count + (lane 1 + second block) * r^(count - 1) + …; the lanes beyond the first are mostly 0. */
function takeBlocks(from: usize, count: i32): void {
  let d0: u64 = 0, d1: u64 = 0, d2: u64 = 0, d3: u64 = 0, d4: u64 = 0
  const end = powers + together * rowLength
  for (let power = end - count * rowLength, h = lanes; power < end; power += rowLength, h += lane, from += 16) {
    const low = load<u64>(from), high = load<u64>(from, 8)
    const h0 = load<u64>(h, 0) + (low & limb)
    const h1 = load<u64>(h, 8) + ((low >> 26) & limb)
    const h2 = load<u64>(h, 16) + (((low >> 52) | (high << 12)) & limb)
    const h3 = load<u64>(h, 24) + ((high >> 14) & limb)
    // A one goes above the sixteen bytes.
    const h4 = load<u64>(h, 32) + ((high >> 40) | (1 << 24))
    d0 += column0(power, h0, h1, h2, h3, h4)
    d1 += column1(power, h0, h1, h2, h3, h4)
    d2 += column2(power, h0, h1, h2, h3, h4)
    d3 += column3(power, h0, h1, h2, h3, h4)
    d4 += column4(power, h0, h1, h2, h3, h4)
  }
  carry(d0, d1, d2, d3, d4)
}

// The limbs of a product with a power of r. What would stand at 2^130 and above comes back five times, at the bottom.

@inline function column0(p: usize, a0: u64, a1: u64, a2: u64, a3: u64, a4: u64): u64 {
  return a0 * times1(p, 0) + a1 * times5(p, 4) + a2 * times5(p, 3) + a3 * times5(p, 2) + a4 * times5(p, 1)
}

@inline function column1(p: usize, a0: u64, a1: u64, a2: u64, a3: u64, a4: u64): u64 {
  return a0 * times1(p, 1) + a1 * times1(p, 0) + a2 * times5(p, 4) + a3 * times5(p, 3) + a4 * times5(p, 2)
}

@inline function column2(p: usize, a0: u64, a1: u64, a2: u64, a3: u64, a4: u64): u64 {
  return a0 * times1(p, 2) + a1 * times1(p, 1) + a2 * times1(p, 0) + a3 * times5(p, 4) + a4 * times5(p, 3)
}

@inline function column3(p: usize, a0: u64, a1: u64, a2: u64, a3: u64, a4: u64): u64 {
  return a0 * times1(p, 3) + a1 * times1(p, 2) + a2 * times1(p, 1) + a3 * times1(p, 0) + a4 * times5(p, 4)
}

@inline function column4(p: usize, a0: u64, a1: u64, a2: u64, a3: u64, a4: u64): u64 {
  return a0 * times1(p, 4) + a1 * times1(p, 3) + a2 * times1(p, 2) + a3 * times1(p, 1) + a4 * times1(p, 0)
}

@inline function times1(power: usize, i: usize): u64 {
  return load<u64>(power + 8 * i)
}

@inline function times5(power: usize, i: usize): u64 {
  return load<u64>(power + 8 * (4 + i))
}

/** Brings sums of products back to limbs of 26 bits, the second one of a little more. */
function carry(d0: u64, d1: u64, d2: u64, d3: u64, d4: u64): void {
  d1 += d0 >> 26
  d2 += d1 >> 26
  d3 += d2 >> 26
  d4 += d3 >> 26
  const h0 = (d0 & limb) + 5 * (d4 >> 26)
  storeHash(h0 & limb, (d1 & limb) + (h0 >> 26), d2 & limb, d3 & limb, d4 & limb)
}

function storeHash(h0: u64, h1: u64, h2: u64, h3: u64, h4: u64): void {
  store<u64>(hash, h0, 0)
  store<u64>(hash, h1, 8)
  store<u64>(hash, h2, 16)
  store<u64>(hash, h3, 24)
  store<u64>(hash, h4, 32)
}

/** Reduces the hash below 2^130 - 5, adds s, and keeps 128 bits (§2.5.1). */
function finish(): void {
  let h0 = load<u64>(hash, 0), h1 = load<u64>(hash, 8), h2 = load<u64>(hash, 16), h3 = load<u64>(hash, 24), h4 = load<u64>(hash, 32)
  // Once around leaves a carry only where all limbs were full, and then a second time none.
  for (let i = 0; i < 2; i++) {
    h2 += h1 >> 26; h1 &= limb
    h3 += h2 >> 26; h2 &= limb
    h4 += h3 >> 26; h3 &= limb
    h0 += 5 * (h4 >> 26); h4 &= limb
    h1 += h0 >> 26; h0 &= limb
  }

  // hash + 5 reaches 2^130 just where the hash is too large; without its highest bit it is then the hash reduced.
  const g0 = h0 + 5
  const g1 = h1 + (g0 >> 26)
  const g2 = h2 + (g1 >> 26)
  const g3 = h3 + (g2 >> 26)
  const g4 = h4 + (g3 >> 26)
  const isLarge: u64 = 0 - (g4 >> 26)
  h0 ^= (h0 ^ (g0 & limb)) & isLarge
  h1 ^= (h1 ^ (g1 & limb)) & isLarge
  h2 ^= (h2 ^ (g2 & limb)) & isLarge
  h3 ^= (h3 ^ (g3 & limb)) & isLarge
  h4 ^= (h4 ^ (g4 & limb)) & isLarge

  const low = h0 | (h1 << 26) | (h2 << 52), high = (h2 >> 12) | (h3 << 14) | (h4 << 40)
  const lowSum = low + load<u64>(polyKey, 16)
  // The carry of an addition without a comparison: both upper bits set, or one of them and no upper bit in the sum.
  const carried = ((low & load<u64>(polyKey, 16)) | ((low | load<u64>(polyKey, 16)) & ~lowSum)) >> 63
  store<u64>(polyTag, lowSum, 0)
  store<u64>(polyTag, high + load<u64>(polyKey, 24) + carried, 8)
}
