/** Items from the longest idle to the latest active; each operation is a few assignments. */
export class IdleList<Item extends Linked<Item>> {
  #first: Item | undefined
  #last: Item | undefined
  #size = 0

  get size(): number {
    return this.#size
  }

  get longestIdle(): Item | undefined {
    return this.#first
  }

  add(item: Item): void {
    item.earlier = this.#last
    item.later = undefined
    if (this.#last === undefined) this.#first = item
    else this.#last.later = item
    this.#last = item
    this.#size++
  }

  /** Moves an item that is in the list to its end. */
  touch(item: Item): void {
    if (item === this.#last) return
    this.remove(item)
    this.add(item)
  }

  /** Takes out an item that is in the list. */
  remove(item: Item): void {
    if (item.earlier === undefined) this.#first = item.later
    else item.earlier.later = item.later
    if (item.later === undefined) this.#last = item.earlier
    else item.later.earlier = item.earlier
    item.earlier = undefined
    item.later = undefined
    this.#size--
  }

  *[Symbol.iterator](): Generator<Item> {
    let item = this.#first
    while (item !== undefined) {
      const next = item.later // the one who iterates may remove the item
      yield item
      item = next
    }
  }
}

/** What the list keeps in an item. */
export interface Linked<Item> {
  earlier: Item | undefined
  later: Item | undefined
}
