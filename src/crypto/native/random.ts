import { randomFillSync } from 'node:crypto'

/**
 * Random bytes of the operating system's seeding, drawn from node:crypto some thousands at a time: a call costs as much as
 * the next 4096 bytes, and a handshake needs seven of some thirty. What is given out is wiped here, and never given again.
 */
export function pooledRandom(): (length: number) => Uint8Array {
  const pool = new Uint8Array(poolLength)
  let used = poolLength
  return (length) => {
    if (length > poolLength) return randomFillSync(new Uint8Array(length))
    if (used + length > poolLength) {
      randomFillSync(pool)
      used = 0
    }
    const from = used
    used += length
    const bytes = pool.slice(from, used)
    pool.fill(0, from, used)
    return bytes
  }
}

const poolLength = 4096
