/**
 * A constant load of requests from outside the cluster. Started by `startLoad` as a process of its own in the clients'
 * namespace; prints one line of JSON, what became of all requests, when its standard input ends.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import type { TLSSocket } from 'node:tls'

/** What became of all requests. */
export interface LoadReport {
  readonly answered: number
  readonly failed: number
  /** The first few failures, in words. */
  readonly failures: readonly string[]
  /** How many new connections were shown each certificate (SHA-256, hex). */
  readonly certificates: Readonly<Record<string, number>>
}

/** A load that runs. */
export interface Load {
  stop(): Promise<LoadReport>
}

interface Target {
  readonly host: string
  readonly address: string
  readonly caFile: string
  readonly workers: number
}

/** Starts the load in a network namespace. */
export async function startLoad(namespace: string, target: Target): Promise<Load> {
  const program = [process.execPath, import.meta.filename, JSON.stringify(target)]
  const child = spawn('nsenter', [`--net=/run/netns/${namespace}`, ...program], { stdio: ['pipe', 'pipe', 'inherit'] })
  const said: Uint8Array[] = []
  child.stdout.on('data', (chunk: Uint8Array) => said.push(chunk))
  // It says "ready" after its first answer.
  await once(child.stdout, 'data')
  return {
    async stop() {
      const closed = once(child, 'close')
      child.stdin.end()
      await closed
      return JSON.parse(Buffer.concat(said).toString().replace('ready\n', '')) as LoadReport
    },
  }
}

async function main({ host, address, caFile, workers }: Target): Promise<void> {
  const ca = readFileSync(caFile)
  const report = { answered: 0, failed: 0, failures: [] as string[], certificates: {} as Record<string, number> }
  const stop = new AbortController()
  process.stdin.on('end', () => stop.abort()).resume()

  const ask = async (agent: Agent): Promise<void> =>
    await new Promise((resolve) => {
      const end = (failure?: string): void => {
        if (failure === undefined) report.answered++
        else {
          report.failed++
          if (report.failures.length < 10) report.failures.push(`${new Date().toISOString()} ${failure}`)
        }
        if (report.answered === 1) process.stdout.write('ready\n')
        resolve()
      }
      const options = {
        host: address,
        port: 443,
        servername: host,
        path: '/load',
        headers: { host },
        agent,
        timeout: 10_000,
      }
      const call = request(options, (response) => {
        response.resume()
        response.once('end', () => end(response.statusCode === 200 ? undefined : `status ${response.statusCode}`))
        response.once('error', (error) => end(error.message))
      })
      call.once('timeout', () => call.destroy(new Error('no answer in 10 s')))
      call.once('error', (error) => end(error.message))
      call.once('socket', (socket) => {
        if (call.reusedSocket) return
        const tls = socket as TLSSocket
        tls.once('secureConnect', () => {
          const { fingerprint256 } = tls.getPeerCertificate()
          const name = fingerprint256.replaceAll(':', '').toLowerCase()
          report.certificates[name] = (report.certificates[name] ?? 0) + 1
        })
      })
      call.end()
    })

  const work = async (keepAlive: boolean): Promise<void> => {
    const agent = new Agent({ ca, keepAlive, maxSockets: 1, maxCachedSessions: 0 })
    while (!stop.signal.aborted) {
      await ask(agent)
      await new Promise((resolve) => setTimeout(resolve, 25))
    }
    agent.destroy()
  }
  // Half of them shake hands for every request, half of them hold their connection through everything.
  await Promise.all(Array.from({ length: workers }, async (_, index) => await work(index % 2 === 1)))
  process.stdout.write(JSON.stringify(report))
}

if (import.meta.main) await main(JSON.parse(process.argv[2] ?? '') as Target)
