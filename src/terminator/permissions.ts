/**
 * Node's permission model, and which flags the terminator needs under Node 24:
 *
 *     --permission             on: no child processes, no addons, no WASI, no inspector, no file but those below
 *     --allow-worker           the worker threads; they inherit every restriction of the process
 *     --allow-fs-read=/app     the program and its node_modules
 *     --allow-fs-read=…        the bundle and the downward API's files; nothing may be written anywhere
 *
 * The network is not part of the model in Node 24 (--allow-net comes with 25): that the terminator calls out to nobody
 * is for a NetworkPolicy to enforce. Node warns about --allow-worker (PERM0006): a worker could be started with other
 * `execArgv`. Ours are started from one constant place with none, so that warning alone is disabled.
 *
 * And one for memory: V8 would let short-lived garbage grow to three times 16 MiB before it looks, and keep that room.
 * `--max-semi-space-size=1` has it look sixteen times as often, for a sixteenth of the work each time.
 */
export function nodeFlags(readable: readonly string[]): string[] {
  return [
    '--permission',
    '--allow-worker',
    '--disable-warning=PERM0006',
    '--max-semi-space-size=1',
    ...readable.map((path) => `--allow-fs-read=${path}`),
  ]
}

/** Whether the model is on, as far as this process can tell of itself. */
export function permissionModel(): 'on' | 'off' {
  // Absent from `process` unless the model is on, whatever the types say.
  const permission = process.permission as typeof process.permission | undefined
  return permission === undefined ? 'off' : 'on'
}
