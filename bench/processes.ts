/** What the kernel knows of a process and of all that it started: CPU time and resident memory. Linux only. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** User and system time of the tree, its threads included, in seconds. */
export function cpuSeconds(root: number): number {
  // proc(5): utime and stime are fields 14 and 15; counting starts behind the name, which may hold anything.
  return tree(root).reduce((sum, pid) => {
    const fields = stat(pid)
    return sum + (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
  }, 0)
}

/** Resident memory of the tree, in MiB; what its processes share is counted once for each. */
export function residentMiB(root: number): number {
  return tree(root).reduce((sum, pid) => {
    const [, kibibytes = '0'] = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`)) ?? []
    return sum + Number(kibibytes) / 1024
  }, 0)
}

function tree(root: number): number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    const parent = Number(stat(Number(name))[1])
    children.set(parent, [...(children.get(parent) ?? []), Number(name)])
  }
  const found = [root]
  for (const pid of found) found.push(...(children.get(pid) ?? []))
  return found
}

function stat(pid: number): string[] {
  return read(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, '')
    .split(' ')
}

/** Processes come and go while they are listed: one that is gone has nothing to say. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
