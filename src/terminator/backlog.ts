/**
 * What a worker keeps for peers who do not go on: what one side has said and the other does not take, and what a client has
 * begun and does not finish. Each of these by itself is little; of ten thousand it is more memory than there is.
 */
export class Backlog<Owner> {
  readonly #most: number
  readonly #items = new Set<Kept<Owner>>()
  #bytes = 0

  /** `most` bytes are wanted at most; to keep to that is its owner's part. */
  constructor(most: number) {
    this.#most = most
  }

  get bytes(): number {
    return this.#bytes
  }

  /** More is kept than should be: the one that comes first has to go. */
  get isOver(): boolean {
    return this.#bytes > this.#most
  }

  /** Half of it is there: from here on less is read at once, so that many slow peers find room for a little each. */
  get isShort(): boolean {
    return this.#bytes > this.#most / 2
  }

  /** So much it is now. It has the place of the moment when it began, however much is added, until it is nothing again. */
  set(item: Kept<Owner>, bytes: number): void {
    this.#bytes += bytes - item.bytes
    item.bytes = bytes
    if (bytes === 0) this.#items.delete(item)
    else this.#items.add(item)
  }

  /** What is kept, the longest first. */
  [Symbol.iterator](): Iterator<Kept<Owner>> {
    return this.#items.values()
  }
}

/** One thing that may be kept, and whose it is. */
export class Kept<Owner> {
  readonly owner: Owner
  /** The memory that it has now, said by `Backlog.set` alone. */
  bytes = 0

  constructor(owner: Owner) {
    this.owner = owner
  }
}

/** How much all workers together may keep, where the container may have so much memory; 0 or undefined: nobody says. */
export function mostBacklog(memoryLimit: number | undefined): number {
  return Math.floor(Math.min(memoryLimit || Infinity, enoughForAll) / 8)
}

/** An eighth of this is a record for nearly each of ten thousand connections. */
const enoughForAll = 1024 * 1024 * 1024
