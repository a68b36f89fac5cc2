import { execFileSync, spawn } from 'node:child_process'

export interface Finished {
  readonly code: number | null
  readonly stdout: Buffer
  readonly stderr: string
}

/** Writes `send` once the client has printed `after`: some clients drop what comes before they are ready for it. */
export interface Step {
  readonly after: string
  readonly send: string
}

/** Runs a client somebody else wrote, for two minutes at most, and returns what it said. stdin closes when it is told to. */
export async function client(
  command: string,
  args: readonly string[],
  input: {
    readonly text?: string | Buffer
    readonly steps?: readonly Step[]
    readonly keepOpenUntil?: (stdout: Buffer) => boolean
  } = {},
): Promise<Finished> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  const out: Buffer[] = []
  const err: Buffer[] = []
  const steps = [...(input.steps ?? [])]
  let length = 0
  const deadline = setTimeout(() => child.kill('SIGKILL'), 120_000)
  const step = (): void => {
    const next = steps[0]
    if (next === undefined || !Buffer.concat([...out, ...err]).includes(next.after)) return
    steps.shift()
    child.stdin.write(next.send)
  }
  child.stdin.on('error', () => undefined)
  child.stdout.on('data', (chunk: Buffer) => {
    out.push(chunk)
    length += chunk.length
    step()
    if (input.keepOpenUntil?.(tail(out, length)) === true) child.stdin.end()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    err.push(chunk)
    step()
  })
  child.stdin.write(input.text ?? '')
  if (input.keepOpenUntil === undefined) child.stdin.end()
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  clearTimeout(deadline)
  return { code, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString() }
}

/** Fails, saying how to get it, where a client is not on this machine; interop is never skipped. */
export function demand(command: string, debianPackage: string): void {
  try {
    execFileSync('sh', ['-c', `command -v ${command}`], { stdio: 'ignore' })
  } catch {
    if (process.getuid?.() !== 0)
      throw new Error(
        `${command} is missing: apt-get install ${debianPackage} (run as root, the tests install it themselves)`,
      )
    console.log(`installing ${debianPackage}`)
    execFileSync('apt-get', ['update', '-qq'], { stdio: 'ignore' })
    execFileSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', debianPackage], {
      stdio: 'ignore',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
  }
}

// The last chunks are enough to see an ending, without joining 10 MB at every chunk.
function tail(chunks: readonly Buffer[], length: number): Buffer {
  return length < 65_536 ? Buffer.concat(chunks) : Buffer.concat(chunks.slice(-4))
}
