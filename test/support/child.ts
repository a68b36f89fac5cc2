import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** A program under test, ended by its pid at the latest when this process ends. */
export interface Child {
  readonly pid: number
  readonly exited: Promise<void>
  readonly hasExited: boolean
  /** Null where it has not exited, or was ended by a signal. */
  readonly exitCode: number | null
  /** The last of what it wrote, for the message of a failed test. */
  readonly output: () => string
  stop(signal?: NodeJS.Signals): Promise<void>
}

/** Starts a program and keeps the end of its output. */
export async function start(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<Child> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env })
  await once(child, 'spawn')
  const pid = child.pid
  if (pid === undefined) throw new Error(`${program} has no pid`)

  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (text = (text + chunk).slice(-keptCharacters)))

  const kill = (): void => void child.kill('SIGKILL')
  // Before the folders go that it writes to.
  process.prependListener('exit', kill)
  const exited = once(child, 'exit').then(() => void process.off('exit', kill))
  const hasExited = (): boolean => child.exitCode !== null || child.signalCode !== null
  return {
    pid,
    exited,
    get hasExited() {
      return hasExited()
    },
    get exitCode() {
      return child.exitCode
    },
    output: () => text,
    async stop(signal = 'SIGTERM') {
      if (hasExited()) return
      child.kill(signal)
      const impatient = setTimeout(kill, 10_000)
      await exited
      clearTimeout(impatient)
    },
  }
}

// The default action of these signals would end us without the `exit` event, and leave the programs behind.
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)
  process.once(signal, () => process.exit(code))

const keptCharacters = 20_000
