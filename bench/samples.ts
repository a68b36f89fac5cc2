/** Samples by measure and contestant, one a round, and what is said of them. */

export type Samples = Map<string, Map<string, number[]>>

export interface Summary {
  readonly min: number
  readonly median: number
  readonly max: number
}

export function add(samples: Samples, measure: string, contestant: string, value: number): void {
  const of = samples.get(measure) ?? new Map<string, number[]>()
  samples.set(measure, of)
  of.set(contestant, [...(of.get(contestant) ?? []), value])
}

export function summary(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b)
  const [low, high] = [sorted[(sorted.length - 1) >> 1] ?? NaN, sorted[sorted.length >> 1] ?? NaN]
  return { min: sorted[0] ?? NaN, median: (low + high) / 2, max: sorted.at(-1) ?? NaN }
}

/** Each sample over the yardstick's of the same round, which was taken a moment before or after it. */
export function ratios(values: readonly number[], yardstick: readonly number[]): number[] {
  return values.flatMap((value, i) => (yardstick[i] === undefined ? [] : [value / yardstick[i]]))
}
