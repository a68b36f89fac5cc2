/**
 * A request as it comes through a load balancer that speaks PROXY: first the header, which names a client that is not
 * the one who connects, then TLS. Runs as a process of its own in the clients' namespace.
 */
import { readFileSync } from 'node:fs'
import { connect as connectHttp2 } from 'node:http2'
import { request } from 'node:https'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { Cluster } from './cluster.ts'
import type { Echo } from './shop.ts'

interface Ask {
  readonly host: string
  readonly address: string
  readonly caFile: string
  readonly protocol: 'http/1.1' | 'h2'
  /** Who the balancer says the client is. */
  readonly client: string
}

/** What the backend says about such a request. */
export async function askThroughBalancer(cluster: Cluster, ask: Ask): Promise<Echo> {
  const program = [import.meta.filename, JSON.stringify(ask)]
  const { code, stdout, stderr } = await cluster.outside(process.execPath, program, { timeoutMs: 30_000 })
  if (code !== 0) throw new Error(`no answer: ${stderr.slice(0, 500)}`)
  return JSON.parse(stdout) as Echo
}

async function main({ host, address, caFile, protocol, client }: Ask): Promise<string> {
  const tcp = connect({ host: address, port: 443 })
  tcp.write(`PROXY TCP4 ${client} ${address} 40000 443\r\n`)
  const tls: TLSSocket = connectTls({
    socket: tcp,
    servername: host,
    ca: readFileSync(caFile),
    ALPNProtocols: [protocol],
  })
  await new Promise((resolve, reject) => tls.once('secureConnect', resolve).once('error', reject))
  if (tls.alpnProtocol !== protocol) throw new Error(`the server chose ${tls.alpnProtocol}`)
  if (protocol === 'h2') {
    const session = connectHttp2(`https://${host}`, { createConnection: () => tls })
    const body = await text(session.request({ ':path': '/' }))
    session.close()
    return body
  }
  const call = request({ host, path: '/', createConnection: () => tls, headers: { connection: 'close' } })
  return await new Promise((resolve, reject) => {
    call.once('response', (response) => void text(response).then(resolve, reject))
    call.once('error', reject)
    call.end()
  })
}

if (import.meta.main) process.stdout.write(await main(JSON.parse(process.argv[2] ?? '') as Ask))
