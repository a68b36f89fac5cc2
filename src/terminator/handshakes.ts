/** Those whose handshake is not over, the oldest first, and how much all of them have said. */
export class Handshakes<Item extends Heard> {
  readonly #items = new Set<Item>()
  #bytes = 0

  get size(): number {
    return this.#items.size
  }

  /** An engine keeps what it heard until the handshake goes on: this much memory at most, but for what allocators add. */
  get bytes(): number {
    return this.#bytes
  }

  add(item: Item): void {
    this.#items.add(item)
  }

  /** It has said so many bytes more. */
  hear(item: Item, length: number): void {
    item.heard += length
    this.#bytes += length
  }

  delete(item: Item): void {
    if (this.#items.delete(item)) this.#bytes -= item.heard
  }

  [Symbol.iterator](): Iterator<Item> {
    return this.#items.values()
  }
}

/** What is kept in an item. */
export interface Heard {
  /** Bytes since it was added. */
  heard: number
}
