/** How long a bundle takes to compile, by the number of its hosts: new ones, and with one changed. */
import { compile, type CompileInput } from '../../src/controller/certificates/compile.ts'
import type { CryptoProvider } from '../../src/crypto/provider.ts'
import { each, type Authority } from './population.ts'

export interface CompileTime {
  readonly hosts: number
  /** From Secrets alone. */
  readonly newMs: number
  /** Again, with the bundle that is there and one new certificate. */
  readonly changedMs: number
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
    // The best of three: the first one also compiles our own code.
    for (let round = 0; round < 3; round++) {
      let began = performance.now()
      const { bundle, issues } = compile({ groups, ...settings })
      newMs = Math.min(newMs, performance.now() - began)
      if (bundle === undefined) throw new Error(`no bundle: ${JSON.stringify(issues.slice(0, 3))}`)
      const changed = [await group(0, authority), ...groups.slice(1)]
      began = performance.now()
      compile({ groups: changed, previous: bundle.data, ...settings })
      changedMs = Math.min(changedMs, performance.now() - began)
    }
    times.push({ hosts, newMs, changedMs })
  }
  return times
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
