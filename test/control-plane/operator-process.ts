/** `chitin operator` as a process of its own that logs all it can, and what can be asked of it. */
import { readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { mutatePodPath } from '../../src/webhook/routes.ts'
import { start } from '../support/child.ts'
import { eventually, freePorts, type ControlPlane } from './harness.ts'
import { operatorKubeconfig } from './objects.ts'

export interface OperatorProcess {
  /** The answer of the port for probes and Prometheus. */
  admin(path: string): Promise<string>
  /** The webhook's answer to a body. */
  review(body: string): Promise<string>
  /** With which code it ended; null where a signal ended it. */
  readonly ended: Promise<number | null>
  stop(): Promise<void>
}

/** Starts it, and waits until it is ready; standard output and error go into the file `log` of the folder. */
export async function startOperator(plane: ControlPlane, folder: string): Promise<OperatorProcess> {
  const [webhook = 0, adminPort = 0] = await freePorts(2)
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, operatorKubeconfig(plane))
  const main = join(import.meta.dirname, '..', '..', 'src', 'main.ts')
  // prettier-ignore
  const args = [main, 'operator', '--kubeconfig', kubeconfig, '--namespace', 'chitin-system', '--image', 'chitin:test',
    '--webhook-url', `https://127.0.0.1:${webhook}`, '--listen', `127.0.0.1:${webhook}`,
    '--admin', `127.0.0.1:${adminPort}`, '--log-level', 'debug', '--linger', '0s']
  const log = join(folder, 'log')
  const intoFile = ['-c', 'log=$0; exec "$@" >>"$log" 2>&1', log, process.execPath]
  const child = await start('/bin/sh', [...intoFile, ...args])
  const ask = async (path: string): Promise<Response> => fetch(`http://127.0.0.1:${adminPort}/${path}`)
  await eventually('the operator is ready', async () => {
    if (child.hasExited) throw new Error(`the operator has ended: ${readFileSync(log, 'utf8').slice(-2000)}`)
    return (await ask('readyz').catch(() => undefined))?.status === 200
  })
  return {
    admin: async (path) => (await ask(path)).text(),
    review: async (body) => post(webhook, body),
    ended: child.exited.then(() => child.exitCode),
    stop: async () => child.stop(),
  }
}

async function post(port: number, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const where = {
      host: '127.0.0.1',
      port,
      path: mutatePodPath,
      method: 'POST',
      agent: false,
      rejectUnauthorized: false,
    }
    const call = request(where, (answer) => void text(answer).then(resolve, reject))
    call.on('error', reject)
    call.end(body)
  })
}
