/**
 * A duration in Go's format, as the API server's CEL reads it too: `1h30m`, `500ms`, `1.5s`. Undefined where the text is
 * none. Signs and units under a millisecond have no use here and are refused.
 */
export function parseDuration(text: string): number | undefined {
  if (!new RegExp(durationPattern).test(text)) return undefined
  let total = 0
  for (const [, amount, unit] of text.matchAll(/([0-9.]+)(ms|s|m|h)/g)) {
    total += Number(amount) * (millisecondsIn[unit as keyof typeof millisecondsIn] ?? 0) // the pattern admits no other unit
  }
  return Math.round(total)
}

/** The same duration as text, in the largest units that hold it: 5400000 becomes `1h30m`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s'
  let left = ms
  let text = ''
  for (const unit of ['h', 'm', 's', 'ms'] as const) {
    const count = Math.floor(left / millisecondsIn[unit])
    if (count > 0) text += `${count}${unit}`
    left -= count * millisecondsIn[unit]
  }
  return text
}

/** The same pattern stands in the CRD. */
export const durationPattern = '^([0-9]{1,9}(\\.[0-9]{1,3})?(ms|s|m|h)){1,4}$'

const millisecondsIn = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const
