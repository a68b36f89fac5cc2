/** An error as a text for a log line. Stacks are for our own faults, which `stack` is set for. */
export function errorText(error: unknown, { stack = false } = {}): string {
  if (!(error instanceof Error)) return String(error)
  return stack ? (error.stack ?? error.message) : error.message
}
