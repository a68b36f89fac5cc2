/**
 * The memory of a curve's kernel: what the caller writes and reads, and what the kernel works in. Constants, and with them the
 * table of multiples of the base point, stand where the compiler puts them.
 *
 *     IN    SCALAR, KEY, DIGEST, SEED: secrets; every call that reads one wipes it, and everything in WORK
 *     IO    X, Y: a point's coordinates; R, S: the two halves of a signature. 64 bytes each, numbers as their RFC writes them
 *     WORK  elements of SLOT bytes, and points of 3 or 4 of them
 */
import { SLOT, WINDOW_ENTRIES } from 'curve/field'

const IN: usize = memory.data(4 * 64, 16)
export const SCALAR: usize = IN
export const KEY: usize = IN + 64
export const DIGEST: usize = IN + 128
export const SEED: usize = IN + 192

const IO: usize = memory.data(4 * 64, 16)
export const X: usize = IO
export const Y: usize = IO + 64
export const R: usize = IO + 128
export const S: usize = IO + 192

const WORK_SLOTS: usize = 45 + 4 * WINDOW_ENTRIES
const WORK: usize = memory.data((WORK_SLOTS * SLOT) as i32, 16)
/** T, T + SLOT, …: ten elements for the formulas. */
export const T: usize = WORK
export const POINT: usize = WORK + 10 * SLOT
export const CHOSEN: usize = WORK + 14 * SLOT
export const OTHER: usize = WORK + 18 * SLOT
/** Elements for whoever calls the formulas. */
export const E: usize = WORK + 22 * SLOT
/** The four numbers of `invert`. */
export const GCD: usize = WORK + 32 * SLOT
/** For `mulScalar`; the product may run over into the next slot by one limb. */
export const PRODUCT: usize = WORK + 36 * SLOT
export const DIGITS: usize = WORK + 38 * SLOT
/** Scalars as limbs: the one being multiplied by, and others. */
export const FACTOR: usize = WORK + 40 * SLOT
export const N: usize = WORK + 41 * SLOT
export const WINDOW: usize = WORK + 45 * SLOT

/** Overwrites whatever may have been secret, or have come from a secret. Returns 1, for done. */
export function finish(): i32 {
  memory.fill(IN, 0, 4 * 64)
  memory.fill(WORK, 0, WORK_SLOTS * SLOT)
  return 1
}
