/** How long a bundle takes to compile, by the number of its hosts: new ones, and with one changed. */
import { compileStepwise, type CompileInput } from '../../src/controller/certificates/compile.ts'
import type { Compiled } from '../../src/controller/certificates/compiled.ts'
import type { CryptoProvider } from '../../src/crypto/provider.ts'
import { each, type Authority } from './population.ts'

export interface CompileTime {
  readonly hosts: number
  /** From Secrets alone. */
  readonly newMs: number
  /** Again, with the bundle that is there and one new certificate. */
  readonly changedMs: number
  /** The longest step of either: so long at least everybody else waits. */
  readonly longestStepMs: number
}

export async function compileTimes(
  counts: readonly number[],
  authority: Authority,
  crypto: CryptoProvider,
): Promise<CompileTime[]> {
  const times: CompileTime[] = []
  for (const hosts of counts) {
    const groups: CompileInput['groups'][number][] = []
    await each(
      Array.from({ length: hosts }, (_, index) => index),
      async (index) => void (groups[index] = await group(index, authority)),
    )
    const settings = { tls: { groups: ['X25519' as const], alpn: ['h2'] }, now: new Date(), crypto }
    let newMs = Infinity
    let changedMs = Infinity
    let longestStepMs = Infinity
    // The best of three: the first one also compiles our own code.
    for (let round = 0; round < 3; round++) {
      const made = timed({ groups, ...settings })
      const { bundle, issues } = made.compiled
      if (bundle === undefined) throw new Error(`no bundle: ${JSON.stringify(issues.slice(0, 3))}`)
      const changed = [await group(0, authority), ...groups.slice(1)]
      const again = timed({ groups: changed, previous: bundle.data, ...settings })
      newMs = Math.min(newMs, made.ms)
      changedMs = Math.min(changedMs, again.ms)
      longestStepMs = Math.min(longestStepMs, Math.max(made.longestStepMs, again.longestStepMs))
    }
    times.push({ hosts, newMs, changedMs, longestStepMs })
  }
  return times
}

function timed(input: CompileInput): {
  readonly compiled: Compiled
  readonly ms: number
  readonly longestStepMs: number
} {
  const steps = compileStepwise(input)
  const began = performance.now()
  let longestStepMs = 0
  for (let from = began; ;) {
    const step = steps.next()
    const now = performance.now()
    longestStepMs = Math.max(longestStepMs, now - from)
    if (step.done === true) return { compiled: step.value, ms: now - began, longestStepMs }
    from = now
  }
}

async function group(index: number, authority: Authority): Promise<CompileInput['groups'][number]> {
  const host = `h${index}.compiled.example.com`
  const { cert, key } = await authority.issue(host)
  const secret = {
    namespace: 'bench',
    name: `h${index}`,
    resourceVersion: '1',
    data: { 'tls.crt': btoa(cert), 'tls.key': btoa(key) },
  }
  return { hosts: [host], secrets: [secret], from: { by: 'policy' }, choose: 'all' }
}
