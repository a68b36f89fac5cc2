/** Which cores the servers have, and which everybody else. */
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'

type Command = readonly [string, ...string[]]

export interface Pinning {
  readonly server: (command: Command) => Command
  /** Client and upstream. */
  readonly load: (command: Command) => Command
  readonly description: string
}

/** The server has core 0, or 0 and 1, to itself; where that leaves none, client and upstream share the last one. */
export function pinning(workers: number): Pinning {
  const cores = availableParallelism()
  if (cores < 2 || spawnSync('taskset', ['--version']).status !== 0)
    return { server: (command) => command, load: (command) => command, description: 'nothing is pinned' }
  const servers = `0-${Math.min(workers, cores) - 1}`
  const others = workers < cores ? `${workers}-${cores - 1}` : `0-${cores - 1}`
  return {
    server: (command) => ['taskset', '-c', servers, ...command],
    load: (command) => ['taskset', '-c', others, ...command],
    description: `server on core ${servers}, client and upstream on ${others}`,
  }
}
