/**
 * Runs what describes a key to node:crypto. Node 24 finds out that a description is not a key itself by throwing and catching
 * up to four errors; each would carry the stack as it is, and under a connection's that is four fifths of the import of a
 * share: 8 % of a whole new connection.
 */
export function withoutStacks<Value>(run: () => Value): Value {
  const limit = Error.stackTraceLimit
  Error.stackTraceLimit = 0
  try {
    return run()
  } finally {
    Error.stackTraceLimit = limit
  }
}
