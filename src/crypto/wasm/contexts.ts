/**
 * Who has which of a kernel's contexts. Connections are many, and most of them idle; contexts are few, each of some
 * kilobytes. Whoever needs one and has none takes that of the one who went without the longest, and that one makes it again
 * from its key when it needs it, in some two microseconds. So a connection that is forgotten without being wiped cannot hold
 * one for ever, and memory has a bound that no peer can move.
 */
export class Contexts {
  readonly #owners: (object | undefined)[]
  readonly #lastUse: Float64Array
  #clock = 0

  constructor(count: number) {
    this.#owners = Array.from({ length: count }, () => undefined)
    this.#lastUse = new Float64Array(count)
  }

  /** Whether this context is the owner's still; if so, it counts as used now. */
  use(context: number, owner: object): boolean {
    if (this.#owners[context] !== owner) return false
    this.#lastUse[context] = ++this.#clock
    return true
  }

  /** A context for the owner, whoever had it before. */
  take(owner: object): number {
    const context = this.#lastUse.reduce((oldest, use, i, all) => (use < (all[oldest] as number) ? i : oldest), 0)
    this.#owners[context] = owner
    this.#lastUse[context] = ++this.#clock
    return context
  }

  /** Gives it back, to be taken first. False where it has another owner by now. */
  release(context: number, owner: object): boolean {
    if (this.#owners[context] !== owner) return false
    this.#owners[context] = undefined
    this.#lastUse[context] = 0
    return true
  }
}
