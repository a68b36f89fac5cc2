/** `chitin operator` as a process of its own, which can be asked what it has used. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Usage } from './probe.ts'

export interface OperatorProcess {
  readonly webhookUrl: string
  usage(): Promise<Usage>
  /** The operator's own metrics, as Prometheus gets them. */
  metrics(): Promise<string>
  stop(): Promise<void>
}

export interface OperatorPlace {
  readonly kubeconfig: string
  readonly folder: string
  readonly webhookPort: number
  readonly adminPort: number
  /** Left out: the operator's own default. */
  readonly crypto?: string | undefined
}

/** Starts it; resolves at once. */
export async function startOperator({
  kubeconfig,
  folder,
  webhookPort,
  adminPort,
  crypto,
}: OperatorPlace): Promise<OperatorProcess> {
  const file = join(folder, 'kubeconfig')
  writeFileSync(file, kubeconfig, { mode: 0o600 })
  const webhookUrl = `https://127.0.0.1:${webhookPort}`
  const child = spawn(
    process.execPath,
    [
      '--import',
      join(import.meta.dirname, 'probe.ts'),
      join(import.meta.dirname, '..', '..', 'dist', 'main.js'),
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
    { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
  )
  await once(child, 'spawn')
  const kill = (): void => void child.kill('SIGKILL')
  process.prependListener('exit', kill)
  child.once('exit', () => process.off('exit', kill))
  return {
    webhookUrl,
    async usage() {
      if (child.exitCode !== null) throw new Error(`the operator has ended with exit code ${child.exitCode}`)
      const answer = once(child, 'message') as Promise<[Usage]>
      child.send('usage')
      const [usage] = await answer
      return usage
    },
    async metrics() {
      return (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text()
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
