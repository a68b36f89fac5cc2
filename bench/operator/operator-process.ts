/** `chitin operator` as a process of its own, which can be asked what it has used. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { transformSync } from 'esbuild'
import { parseAllDocuments } from 'yaml'
import type { Cause } from '../../src/kube/queue.ts'
import type { Usage } from './probe.ts'

export interface OperatorProcess {
  readonly webhookUrl: string
  usage(): Promise<Usage>
  /** The operator's own metrics, as Prometheus gets them. */
  metrics(): Promise<string>
  /** How often it has looked at a policy since it began, by what made it look. */
  looks(): Promise<Looks>
  stop(): Promise<void>
}

/** Because something changed, or because the next look was due. */
export type Looks = Readonly<Record<Cause, number>>

export interface OperatorPlace {
  /** What the image has at /app. */
  readonly app: string
  readonly kubeconfig: string
  readonly folder: string
  readonly webhookPort: number
  readonly adminPort: number
  /** Left out: the operator's own default. */
  readonly crypto?: string | undefined
}

/** Starts it; resolves at once. */
export async function startOperator({
  app,
  kubeconfig,
  folder,
  webhookPort,
  adminPort,
  crypto,
}: OperatorPlace): Promise<OperatorProcess> {
  const file = join(folder, 'kubeconfig')
  writeFileSync(file, kubeconfig, { mode: 0o600 })
  // As JavaScript: Node would load a parser of TypeScript for it, 20 MiB of the memory that is to be measured.
  const probe = join(folder, 'probe.mjs')
  const source = readFileSync(join(import.meta.dirname, 'probe.ts'), 'utf8')
  writeFileSync(probe, transformSync(source, { loader: 'ts' }).code)
  const { options, allocator } = memorySettings()
  const webhookUrl = `https://127.0.0.1:${webhookPort}`
  const child = spawn(
    process.execPath,
    [
      ...options,
      '--import',
      probe,
      join(app, 'dist', 'main.js'),
      'operator',
      '--kubeconfig',
      file,
      '--namespace',
      'chitin-system',
      '--image',
      'registry.example.com/chitin',
      '--webhook-url',
      webhookUrl,
      '--listen',
      `127.0.0.1:${webhookPort}`,
      '--admin',
      `127.0.0.1:${adminPort}`,
      '--log-level',
      'warn',
      '--linger',
      '0s',
      ...(crypto === undefined ? [] : ['--crypto', crypto]),
    ],
    { env: { ...process.env, ...allocator }, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
  )
  await once(child, 'spawn')
  const kill = (): void => void child.kill('SIGKILL')
  process.prependListener('exit', kill)
  child.once('exit', () => process.off('exit', kill))
  const metrics = async (): Promise<string> => (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text()
  return {
    webhookUrl,
    async usage() {
      if (child.exitCode !== null) throw new Error(`the operator has ended with exit code ${child.exitCode}`)
      const answer = once(child, 'message') as Promise<[Usage]>
      child.send('usage')
      const [usage] = await answer
      return usage
    },
    metrics,
    async looks() {
      const text = await metrics()
      const by = (cause: Cause): number =>
        text
          .split('\n')
          .filter((line) => line.startsWith('chitin_reconcile_total{') && line.includes(`cause="${cause}"`))
          .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0)
      return { change: by('change'), time: by('time') }
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      const impatient = setTimeout(kill, 15_000)
      await ended
      clearTimeout(impatient)
    },
  }
}

/** What the chart says to Node and to malloc about memory, in MiB of its limit: here there is no container that would set one. */
function memorySettings(): {
  readonly options: readonly string[]
  readonly allocator: Readonly<Record<string, string>>
} {
  const text = readFileSync(join(import.meta.dirname, '..', '..', 'deploy', 'install.yaml'), 'utf8')
  const objects = parseAllDocuments(text).map((document) => document.toJS() as Installed)
  const [container] = objects.find(({ kind }) => kind === 'Deployment')?.spec?.template.spec.containers ?? []
  const limitMiB = Number(/^(\d+)Mi$/.exec(container?.resources.limits.memory ?? '')?.[1])
  const variables = new Map(container?.env.map(({ name, value = '' }) => [name, value]))
  const options = (variables.get('NODE_OPTIONS') ?? '').split(' ').map((option) => {
    const percentage = /^--max-old-space-size-percentage=(\d+)$/.exec(option)?.[1]
    return percentage === undefined
      ? option
      : `--max-old-space-size=${Math.floor((limitMiB * Number(percentage)) / 100)}`
  })
  const allocator = Object.fromEntries([...variables].filter(([name]) => name.startsWith('MALLOC_')))
  return { options, allocator }
}

/** As much of an object in deploy/install.yaml as is read here. */
interface Installed {
  readonly kind: string
  readonly spec?: {
    readonly template: {
      readonly spec: {
        readonly containers: readonly {
          readonly env: readonly { readonly name: string; readonly value?: string }[]
          readonly resources: { readonly limits: { readonly memory: string } }
        }[]
      }
    }
  }
}
