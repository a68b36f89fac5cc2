/**
 * Deadlines by the ten thousand, at the cost of one timer: items hang in slots by the tick in which they are due, and
 * whoever drives the wheel hands it the time. A deadline is never early and at most two ticks late. An item holds its own place in
 * the wheel, so that moving it costs nothing but two assignments.
 */
export class TimerWheel<Item extends Timed> {
  readonly tickMs: number
  readonly #slots: Set<Item>[]
  #tick: number

  constructor(tickMs: number, now: number, slots = 512) {
    this.tickMs = tickMs
    this.#slots = Array.from({ length: slots }, () => new Set())
    this.#tick = Math.floor(now / tickMs)
  }

  /** Sets the item's deadline, in place of any it has. */
  schedule(item: Item, dueAt: number): void {
    this.cancel(item)
    // Beyond one turn the item waits in the farthest slot and is moved on from there.
    const ticks = Math.ceil(dueAt / this.tickMs) - this.#tick
    const slot = (this.#tick + Math.min(Math.max(ticks, 1), this.#slots.length - 1)) % this.#slots.length
    item.dueAt = dueAt
    item.slot = slot
    this.#slots[slot]?.add(item)
  }

  cancel(item: Item): void {
    if (item.slot < 0) return
    this.#slots[item.slot]?.delete(item)
    item.slot = -1
  }

  /** Moves the wheel to `now`, and hands back those whose deadline has passed; they are no longer in it. */
  advance(now: number): Item[] {
    const target = Math.floor(now / this.tickMs)
    // After a long pause of the process one full turn sees every slot.
    const from = Math.max(this.#tick, target - this.#slots.length)
    const due: Item[] = []
    for (let tick = from + 1; tick <= target; tick++) {
      this.#tick = tick
      for (const item of this.#slots[tick % this.#slots.length] ?? []) {
        this.cancel(item)
        if (item.dueAt <= now) due.push(item)
        else this.schedule(item, item.dueAt)
      }
    }
    return due
  }
}

/** What a wheel needs to remember of an item; `slot` is -1 outside of any wheel. */
export interface Timed {
  dueAt: number
  slot: number
}
