import { Counter } from 'prom-client'
import type { CounterConfiguration } from 'prom-client'

/**
 * A counter for what every connection does. prom-client puts a string of all labels together whenever it counts; here that is
 * done once for each series when somebody scrapes, and between two scrapes counting is an addition.
 */
export class TalliedCounter<Label extends string> {
  readonly #labelNames: readonly Label[]
  readonly #root = new Branch()
  readonly #tallies: { readonly labels: Readonly<Record<Label, string>>; readonly tally: Tally }[] = []

  constructor(configuration: CounterConfiguration<Label> & { readonly labelNames: readonly Label[] }) {
    this.#labelNames = configuration.labelNames
    const counter: Counter<Label> = new Counter({
      ...configuration,
      collect: () => this.#handOver(counter), // called at a scrape, when `counter` is there
    })
  }

  inc(labels: Readonly<Record<Label, string>>, by = 1): void {
    this.tally(labels).count += by
  }

  /** The series with these labels, for who counts it so often that looking it up would cost too much. */
  tally(labels: Readonly<Record<Label, string>>): Tally {
    let branch = this.#root
    for (const name of this.#labelNames) branch = branch.at(labels[name])
    if (branch.tally === undefined) {
      branch.tally = { count: 0 }
      this.#tallies.push({ labels, tally: branch.tally })
    }
    return branch.tally
  }

  #handOver(counter: Counter<Label>): void {
    for (const { labels, tally } of this.#tallies) {
      counter.inc(labels, tally.count)
      tally.count = 0
    }
  }
}

/** What was counted since the last scrape. */
export interface Tally {
  count: number
}

/** All series whose first labels have the same values; below the last label there is one. */
class Branch {
  readonly #next = new Map<string, Branch>()
  tally: Tally | undefined

  at(value: string): Branch {
    let next = this.#next.get(value)
    if (next === undefined) this.#next.set(value, (next = new Branch()))
    return next
  }
}
