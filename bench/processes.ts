/** What the kernel knows of a process and of all that it started: CPU time and resident memory. Linux only. */
import { readdirSync, readFileSync } from 'node:fs'

/** Time on a CPU of the tree, its threads included, in seconds. */
export function cpuSeconds(root: number): number {
  let nanoseconds = 0
  for (const pid of tree(root)) {
    // Documentation/scheduler/sched-stats.rst: the first number is the time spent on the CPU, exact where the ticks of
    // /proc/PID/stat are not. A thread that ended is lost to it; none of our contestants ends threads under load.
    for (const thread of list(`/proc/${pid}/task`))
      nanoseconds += Number(read(`/proc/${pid}/task/${thread}/schedstat`).split(' ')[0])
  }
  return nanoseconds / 1e9
}

/** Resident memory of the tree, in MiB; what its processes share is counted once for each. */
export function residentMiB(root: number): number {
  return tree(root).reduce((sum, pid) => {
    const [, kibibytes = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`)) ?? []
    return sum + Number(kibibytes) / 1024
  }, 0)
}

function tree(root: number): number[] {
  const found = [root]
  for (const pid of found) {
    for (const thread of list(`/proc/${pid}/task`))
      found.push(...read(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number))
  }
  return found
}

/** Processes come and go while they are listed: one that is gone has nothing to say. */
function read(path: string): string {
  return orNothing(() => readFileSync(path, 'utf8'), '')
}

function list(path: string): string[] {
  return orNothing(() => readdirSync(path), [])
}

function orNothing<Value>(look: () => Value, nothing: Value): Value {
  try {
    return look()
  } catch {
    return nothing
  }
}
