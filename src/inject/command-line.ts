/** The command line of a container: `command` and `args`, one after the other, as the runtime joins them. */
export interface CommandLine {
  readonly command?: readonly string[]
  readonly args?: readonly string[]
}

/** A flag that was set: where its item stands now, and what stood there before. */
export interface FlagChange {
  readonly field: 'command' | 'args'
  readonly item: string
  /** The items that it replaced, `--flag=value` or `--flag` and `value`; empty where the flag is new. */
  readonly was: readonly string[]
}

/**
 * Sets flags to values: an item that sets the flag already is replaced where it stands, a new one is appended. Returns
 * the new command line and what is needed to go back.
 */
export function setFlags(
  line: CommandLine,
  flags: Readonly<Record<string, string>>,
): { readonly line: CommandLine; readonly changes: readonly FlagChange[] } {
  const items = { command: [...(line.command ?? [])], args: [...(line.args ?? [])] }
  const changes: FlagChange[] = []
  // An image's own entry point takes `args`; where only `command` is given, `args` would be a needless new list.
  const last = line.args === undefined && line.command !== undefined ? 'command' : 'args'
  for (const [flag, value] of Object.entries(flags).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const item = `--${flag}=${value}`
    // Where a flag is given twice, the last one counts.
    const field = (['args', 'command'] as const).find((one) => lastIndexOf(items[one], flag) >= 0) ?? last
    const at = lastIndexOf(items[field], flag)
    if (at < 0) {
      items[field].push(item)
      changes.push({ field, item, was: [] })
      continue
    }
    const length = items[field][at] === `--${flag}` ? 2 : 1 // `--flag value`
    changes.push({ field, item, was: items[field].splice(at, length, item) })
  }
  return { line: put(line, items), changes }
}

/** Undoes `setFlags`, also where somebody has added or removed other items since. */
export function restoreFlags(line: CommandLine, changes: readonly FlagChange[]): CommandLine {
  const items = { command: [...(line.command ?? [])], args: [...(line.args ?? [])] }
  for (const { field, item, was } of changes.toReversed()) {
    const at = items[field].lastIndexOf(item)
    if (at >= 0) items[field].splice(at, 1, ...was)
  }
  return put(line, items)
}

// A list that was not there and is empty now stays away.
function put(line: CommandLine, items: { readonly command: string[]; readonly args: string[] }): CommandLine {
  return {
    ...(items.command.length === 0 && !(line.command?.length === 0) ? {} : { command: items.command }),
    ...(items.args.length === 0 && !(line.args?.length === 0) ? {} : { args: items.args }),
  }
}

function lastIndexOf(items: readonly string[], flag: string): number {
  return items.findLastIndex((item) => item === `--${flag}` || item.startsWith(`--${flag}=`))
}
