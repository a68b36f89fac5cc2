/** Servers that nobody here wrote, each told which version, suite and group to speak; they send back what they are sent. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { createServer as createNodeTlsServer, type TlsOptions } from 'node:tls'
import { start, type Child } from '../support/child.ts'

export interface Wanted {
  readonly version: '1.2' | '1.3'
  /** Files in PEM. */
  readonly certificate: string
  readonly key: string
  readonly suite?: string
  readonly group?: string
  /** A file of authorities: clients have to show a certificate of theirs. */
  readonly clientAuthority?: string
}

export interface EchoServer {
  readonly port: number
  readonly output: () => string
  stop(): Promise<void>
}

/** Go's crypto/tls, built from test/interop/go-server. */
export async function startGo(binary: string, wanted: Wanted): Promise<EchoServer> {
  const { certificate, key, version, group = '-', suite = '-', clientAuthority = '-' } = wanted
  const child = await start(binary, [certificate, key, version, group, suite, clientAuthority])
  return serving(child, Number(await printed(child, /listening on [^ ]*:(\d+)/)))
}

export function buildGo(binary: string): void {
  execFileSync('go', ['build', '-o', binary, '.'], { cwd: join(import.meta.dirname, 'go-server') })
}

/** gnutls-serv; the port has to be chosen for it, and may be another's by the time that it is there. */
export async function startGnutls({
  certificate,
  key,
  version,
  suite,
  group,
  clientAuthority,
}: Wanted): Promise<EchoServer> {
  const ciphers = suite === undefined ? '' : `:-CIPHER-ALL:+${gnutlsCipher(suite)}`
  const groups = group === undefined ? '' : `:-GROUP-ALL:+GROUP-${gnutlsGroups[group]}`
  // prettier-ignore
  const args = ['--echo', '--x509certfile', certificate, '--x509keyfile', key, '--priority',
    `NORMAL:-VERS-ALL:+VERS-TLS${version}${ciphers}${groups}`,
    ...(clientAuthority === undefined ? ['--disable-client-cert'] : ['--require-client-cert', '--verify-client-cert', '--x509cafile', clientAuthority])]
  for (;;) {
    const port = await freePort()
    const child = await start('gnutls-serv', [...args, '-p', String(port)])
    const said = await printed(child, /IPv4 .* port \d+\.+(done|bind)/)
    if (said === 'done') return serving(child, port)
    await child.stop('SIGKILL')
  }
}

/** Node's own TLS, whose groups OpenSSL names in its own way. */
export async function startNode({
  certificate,
  key,
  version,
  suite,
  group,
  clientAuthority,
}: Wanted): Promise<EchoServer> {
  const options: TlsOptions = {
    cert: readFileSync(certificate),
    key: readFileSync(key),
    minVersion: `TLSv${version}`,
    maxVersion: `TLSv${version}`,
    ALPNProtocols: ['echo/1'],
    ...(suite === undefined ? {} : { ciphers: suite.startsWith('TLS_ECDHE') ? opensslName(suite) : suite }),
    ...(group === undefined ? {} : { ecdhCurve: group }),
    ...(clientAuthority === undefined
      ? {}
      : { requestCert: true, rejectUnauthorized: true, ca: readFileSync(clientAuthority) }),
  }
  const errors: string[] = []
  const server = createNodeTlsServer(options, (socket) => {
    socket.on('error', (error) => errors.push(error.message))
    socket.pipe(socket)
  })
  server.on('tlsClientError', (error) => errors.push(error.message))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    output: () => errors.join('\n'),
    stop: async () => void (await new Promise((end) => server.close(end))),
  }
}

/** `openssl s_server -rev`: it sends back each line the other way round. */
export async function startOpenssl(
  { certificate, key, version, suite, group, clientAuthority }: Wanted,
  how: readonly string[] = ['-rev'],
): Promise<EchoServer> {
  const ciphers =
    suite === undefined ? [] : version === '1.3' ? ['-ciphersuites', suite] : ['-cipher', opensslName(suite)]
  // prettier-ignore
  const args = ['s_server', '-accept', '127.0.0.1:0', '-cert', certificate, '-key', key, `-tls${version.replace('.', '_')}`, ...ciphers, ...how,
    ...(group === undefined ? [] : ['-groups', group]), '-alpn', 'echo/1',
    ...(clientAuthority === undefined ? [] : ['-CAfile', clientAuthority, '-Verify', '3', '-verify_return_error'])]
  // It serves files of the folder that it stands in.
  const child = await start('sh', ['-c', 'cd "$0" && exec openssl "$@"', dirname(certificate), ...args])
  return serving(child, Number(await printed(child, /ACCEPT [^ ]*:(\d+)/)))
}

async function printed(child: Child, what: RegExp): Promise<string> {
  for (let tries = 0; tries < 2_000 && !child.hasExited; tries++) {
    const match = what.exec(child.output())
    if (match?.[1] !== undefined) return match[1]
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error(`the server did not start: ${child.output()}`)
}

function serving(child: Child, port: number): EchoServer {
  return { port, output: () => child.output(), stop: async () => child.stop('SIGKILL') }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 is ECDHE-RSA-AES128-GCM-SHA256 to OpenSSL. */
function opensslName(suite: string): string {
  return suite
    .replace('TLS_', '')
    .replace('_WITH', '')
    .replace(/AES_(\d+)/, 'AES$1')
    .replace('POLY1305_SHA256', 'POLY1305')
    .replaceAll('_', '-')
}

function gnutlsCipher(suite: string): string {
  if (suite.includes('CHACHA20')) return 'CHACHA20-POLY1305'
  return suite.includes('AES_256') ? 'AES-256-GCM' : 'AES-128-GCM'
}

const gnutlsGroups: Readonly<Record<string, string>> = { X25519: 'X25519', 'P-256': 'SECP256R1', 'P-384': 'SECP384R1' }
