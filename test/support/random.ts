/** Where a test's choices come from: a seed, or a fuzzer's bytes. */
export abstract class Choices {
  /** From 0 up to, but not including, 1. */
  abstract next(): number

  below(limit: number): number {
    return Math.floor(this.next() * limit)
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)]
    if (item === undefined) throw new Error('pick from an empty list')
    return item
  }
}

/** A small seeded generator (mulberry32): the same seed, the same test. */
export class Random extends Choices {
  #state: number

  constructor(seed: number) {
    super()
    this.#state = seed
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** A fuzzer's bytes as choices, two bytes each: a mutated byte changes one of them, and none of the others. */
export class FuzzedChoices extends Choices {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    super()
    this.#bytes = bytes
  }

  /** Zero where the bytes are used up. */
  next(): number {
    const [high = 0, low = 0] = this.#bytes.subarray(this.#at, this.#at + 2)
    this.#at += 2
    return (high * 256 + low) / 65536
  }
}

/** The same as a source of bytes, for a handshake that says the same each time. Nothing secret hangs on it. */
export function seededRandom(seed: number): (length: number) => Uint8Array {
  const random = new Random(seed)
  return (length) => Uint8Array.from({ length }, () => random.below(256))
}
