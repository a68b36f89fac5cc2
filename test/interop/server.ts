import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { performServerHandshake } from 'node:http2'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CryptoProvider } from '../../src/crypto/provider.ts'
import type { ServerConfig, ServerCredential, Verdict } from '../../src/tls/config.ts'
import type { HandshakeComplete } from '../../src/tls/events.ts'
import { parseCredential } from '../../src/x509/credential.ts'
import { TlsDuplex } from '../support/tls-duplex.ts'

export const megabytes = 1_000_000
/** What `GET /download` answers: 10 MB that no client can guess. */
export const body = randomBytes(10 * megabytes)
export const bodySha256 = createHash('sha256').update(body).digest('hex')

export const keyTypes = ['ecdsa-p256', 'ecdsa-p384', 'ed25519', 'rsa'] as const
export type KeyType = (typeof keyTypes)[number]

export interface InteropServer {
  readonly port: number
  /** Directory with `<key type>.pem` and `<key type>.key`. */
  readonly directory: string
  /** Every handshake that was completed, oldest first. */
  readonly handshakes: HandshakeComplete[]
  /** Names of the events that ended a connection: `peer-closed`, or `failed: <reason>`. */
  readonly endings: string[]
  stop(): Promise<void>
}

/**
 * Our engine behind a loopback port, with node's HTTP servers on the plaintext. `GET /` is small, `/download` 10 MB,
 * `POST /upload` answers with the body's SHA-256, and `/seen` with what the engine says of the connection.
 */
export async function startServer(
  crypto: CryptoProvider,
  keys: readonly KeyType[] = ['ecdsa-p256'],
  overrides: Partial<ServerConfig> = {},
  judge?: (chain: readonly Uint8Array[]) => Verdict,
): Promise<InteropServer> {
  const directory = mkdtempSync(join(tmpdir(), 'chitin-interop-'))
  const credentials = keys.map((type) => makeCredential(crypto, directory, type))
  const config: ServerConfig = {
    crypto,
    random: (length) => randomBytes(length),
    now: Date.now,
    credentials: () => credentials,
    groups: ['X25519', 'P-256'],
    alpn: ['http/1.1'],
    ...overrides,
  }
  const handshakes: HandshakeComplete[] = []
  const endings: string[] = []
  const http = createHttpServer((request, response) => {
    if (request.url === '/download') {
      response.end(body)
      return
    }
    if (request.url === '/seen') {
      response.end(seen(request.socket as unknown as TlsDuplex)) // what was handed over as the connection, below
      return
    }
    if (request.url !== '/upload') {
      response.end(request.url === '/twice' ? pageOfTwo : page)
      return
    }
    const hash = createHash('sha256')
    request.on('data', (chunk: Uint8Array) => hash.update(chunk))
    request.on('end', () => response.end(hash.digest('hex')))
  })
  const sockets = new Set<TlsDuplex>()
  const listener = createServer({ allowHalfOpen: true }, (socket) => {
    const stream = new TlsDuplex(socket, config, judge)
    sockets.add(stream)
    stream.on('secure', (event: HandshakeComplete) => {
      handshakes.push(event)
      if (event.alpn === 'h2') serveHttp2(stream)
      else http.emit('connection', stream)
    })
    stream.on('error', () => undefined)
    stream.on('close', () => {
      sockets.delete(stream)
      const ending = stream.events.find(({ type }) => type !== 'handshake-complete')
      endings.push(ending?.type === 'failed' ? `failed: ${ending.reason}` : (ending?.type ?? 'cut'))
    })
  })
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  return {
    port: (listener.address() as AddressInfo).port,
    directory,
    handshakes,
    endings,
    async stop() {
      for (const stream of sockets) stream.destroy()
      await new Promise<void>((resolve) => listener.close(() => resolve()))
      rmSync(directory, { recursive: true })
    },
  }
}

/** One answer a connection: whoever asks again has to connect again. */
function serveHttp2(stream: TlsDuplex): void {
  const session = performServerHandshake(stream)
  session.on('stream', (answer, headers) => {
    answer.respond({ ':status': 200, 'content-type': 'text/html' })
    answer.end(headers[':path'] === '/twice' ? pageOfTwo : seen(stream))
    session.close()
  })
}

/** The event of the handshake, as JSON on one line. */
function seen(stream: TlsDuplex): string {
  const event = stream.events.find(({ type }) => type === 'handshake-complete')
  return JSON.stringify(event, (_, value: unknown) => (value instanceof Uint8Array ? `${value.length} bytes` : value))
}

/** A certificate of its own making, and its key, in files of the directory. */
export function makeCredential(
  crypto: CryptoProvider,
  directory: string,
  type: KeyType,
  usage: 'serverAuth' | 'clientAuth' = 'serverAuth',
): ServerCredential {
  const certificate = join(directory, `${type}.pem`)
  const key = join(directory, `${type}.key`)
  const algorithm = {
    'ecdsa-p256': ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
    'ecdsa-p384': ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384'],
    ed25519: ['-newkey', 'ed25519'],
    rsa: ['-newkey', 'rsa:2048'],
  }[type]
  // prettier-ignore
  execFileSync('openssl', ['req', '-x509', ...algorithm, '-nodes', '-keyout', key, '-out', certificate, '-days', '30',
    '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,DNS:shop.example.test', '-addext', `extendedKeyUsage=${usage}`,
    '-addext', 'basicConstraints=critical,CA:FALSE'],
    { stdio: 'ignore' })
  const credential = parseCredential(readFileSync(certificate, 'utf8'), readFileSync(key, 'utf8'))
  return { ...credential, signingKey: crypto.signingKey(credential.privateKey) }
}

/** For Chromium: further connections, which may resume the first; what the server saw of it goes into the document. */
const pageOfTwo = `<!doctype html><title>interop</title><p id=out>waiting</p><script>
const run = async () => {
  let seen = ''
  // Chromium may open a connection before it has read the first one's ticket: one of the next ones has it.
  for (let times = 0; times < 4 && !seen.includes('"resumed":true'); times++) seen = await (await fetch('/seen')).text()
  document.getElementById('out').textContent = seen
}
run()
</script>`

/** For Chromium: fetches both ways inside the page, and writes what it saw into the document. */
const page = `<!doctype html><title>interop</title><p id=out>waiting</p><script>
const hex = (buffer) => [...new Uint8Array(buffer)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
const run = async () => {
  const down = await (await fetch('/download')).arrayBuffer()
  const up = await (await fetch('/upload', { method: 'POST', body: down })).text()
  document.getElementById('out').textContent = 'down ' + hex(await crypto.subtle.digest('SHA-256', down)) + ' up ' + up
}
run().catch((error) => { document.getElementById('out').textContent = 'error ' + error })
</script>`
