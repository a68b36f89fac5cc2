/**
 * The interoperability matrix: clients that nobody here wrote, and for each the versions, suites, groups, kinds of
 * certificate, resumption and client certificates, one varied at a time, and then every two of them together. `npm run
 * interop` prints it; a cell that cannot be tested says why. What was negotiated is what our server saw and answered to
 * `GET /seen`.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { client, demand, type Finished } from './clients.ts'
import type { KeyType } from './server.ts'

export const versions = ['1.3', '1.2'] as const
export type Version = (typeof versions)[number]

/** What one connection is to be like; what is left out is the client's own choice. */
export interface Cell {
  readonly version: Version
  readonly suite?: string
  readonly group?: string
  readonly certificate?: KeyType
  readonly resumed?: boolean
  readonly clientCertificate?: boolean
}

/** Where the server is, and the files that a client needs. */
export interface Target {
  readonly port: number
  /** PEM of the certificate that the server shows, which is its own authority. */
  readonly ca: string
  /** PEM of a client's certificate and key. */
  readonly certificate: string
  readonly key: string
}

/** What the server saw of a connection. */
export interface Seen {
  readonly version: string
  readonly suite: string
  readonly group: string
  readonly signatureScheme: string
  readonly resumed: boolean
  readonly peerChain?: unknown
}

export interface MatrixClient {
  readonly name: string
  /** Why a cell cannot be tested with it; undefined where it can. */
  readonly cannot: (cell: Cell) => string | undefined
  /** Connects once, or twice where the cell is about resumption; the bodies of the answers, or what went wrong. */
  readonly ask: (cell: Cell, target: Target) => Promise<Finished>
}

/** Suites by version, named as IANA does; of TLS 1.2 for an ECDSA key, and for an RSA one. */
export const suitesOf = {
  '1.3': ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'],
  '1.2': [
    'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
    'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
    'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
    'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
    'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
    'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
  ],
} as const satisfies Record<Version, readonly string[]>

export const groupsOf = {
  '1.3': ['X25519MLKEM768', 'SecP256r1MLKEM768', 'X25519', 'P-256', 'P-384'],
  '1.2': ['X25519', 'P-256', 'P-384'],
} as const satisfies Record<Version, readonly string[]>

/** OpenSSL's names for the suites of TLS 1.2. */
function opensslSuite(suite: string): string {
  const [, key = '', cipher = ''] = /^TLS_ECDHE_(ECDSA|RSA)_WITH_(.*)$/.exec(suite) ?? []
  return `ECDHE-${key}-${cipher.replace('AES_', 'AES').replace('CHACHA20_POLY1305_SHA256', 'CHACHA20-POLY1305').replaceAll('_', '-')}`
}

const get = 'GET /seen HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'

const openssl: MatrixClient = {
  name: 'OpenSSL',
  cannot: (cell) => (postQuantum(cell) && !opensslHas('X25519MLKEM768') ? 'this OpenSSL is older than 3.5' : undefined),
  async ask(cell, target) {
    const session = join(mkdtempSync(join(tmpdir(), 'chitin-session-')), 'session')
    // prettier-ignore
    const common = ['s_client', '-connect', `127.0.0.1:${target.port}`, '-servername', 'localhost', '-CAfile', target.ca,
      '-verify_return_error', '-ign_eof', '-quiet', cell.version === '1.3' ? '-tls1_3' : '-tls1_2',
      ...flag(cell.group, '-groups', (group) => group),
      ...flag(cell.suite, cell.version === '1.3' ? '-ciphersuites' : '-cipher', (suite) => cell.version === '1.3' ? suite : opensslSuite(suite)),
      ...(cell.clientCertificate === true ? ['-cert', target.certificate, '-key', target.key] : [])]
    const ask = async (...more: string[]): Promise<Finished> =>
      await client('openssl', [...common, ...more], { text: get, keepOpenUntil: () => false })
    if (cell.resumed !== true) return await ask()
    const first = await ask('-sess_out', session)
    if (!existsSync(session)) return { ...first, code: 1, stderr: `${first.stderr}\nno session was kept` }
    const second = await ask('-sess_in', session)
    rmSync(session)
    return second
  },
}

const gnutlsGroup: Readonly<Record<string, string>> = {
  X25519: 'X25519',
  'P-256': 'SECP256R1',
  'P-384': 'SECP384R1',
}

const gnutls: MatrixClient = {
  name: 'GnuTLS',
  cannot: (cell) => (postQuantum(cell) ? 'GnuTLS of this Debian has no ML-KEM' : undefined),
  async ask(cell, target) {
    const cipher = gnutlsCipher(cell.suite)
    const keyExchange = cell.suite?.includes('_RSA_') === true ? ':-KX-ALL:+ECDHE-RSA' : ''
    // prettier-ignore
    const priority = `NORMAL:-VERS-ALL:+VERS-TLS${cell.version}` +
      (cipher === undefined ? '' : `:-CIPHER-ALL:+${cipher}${keyExchange}`) +
      (cell.group === undefined ? '' : `:-GROUP-ALL:+GROUP-${gnutlsGroup[cell.group]}`)
    // prettier-ignore
    const args = ['--logfile', '/dev/null', '--x509cafile', target.ca, '--priority', priority, '-p', String(target.port),
      ...(cell.clientCertificate === true ? ['--x509certfile', target.certificate, '--x509keyfile', target.key] : []),
      ...(cell.resumed === true ? ['--resume', '--waitresumption'] : []), 'localhost']
    return await client('gnutls-cli', args, { text: get, keepOpenUntil: () => false })
  },
}

function gnutlsCipher(suite: string | undefined): string | undefined {
  if (suite === undefined) return undefined
  if (suite.includes('CHACHA20')) return 'CHACHA20-POLY1305'
  return suite.includes('AES_256') ? 'AES-256-GCM' : 'AES-128-GCM'
}

const curl: MatrixClient = {
  name: 'curl',
  cannot(cell) {
    if (postQuantum(cell) && !opensslHas('X25519MLKEM768')) return "curl's OpenSSL is older than 3.5"
    // It sets SSL_OP_NO_TICKET; a server that keeps sessions itself could resume by their ids.
    if (cell.version === '1.2' && cell.resumed === true) return 'curl takes no tickets in TLS 1.2'
    return undefined
  },
  async ask(cell, target) {
    // prettier-ignore
    const args = ['-sS', '--http1.1', '--tls-max', cell.version, `--tlsv${cell.version}`, '--cacert', target.ca,
      '--resolve', `localhost:${target.port}:127.0.0.1`, '-H', 'Connection: close',
      ...flag(cell.suite, cell.version === '1.3' ? '--tls13-ciphers' : '--ciphers', (suite) => cell.version === '1.3' ? suite : opensslSuite(suite)),
      ...flag(cell.group, '--curves', (group) => group),
      ...(cell.clientCertificate === true ? ['--cert', target.certificate, '--key', target.key] : [])]
    const url = `https://localhost:${target.port}/seen`
    return await client('curl', [...args, url, ...(cell.resumed === true ? [url] : [])])
  },
}

const nghttp: MatrixClient = {
  name: 'nghttp2 (HTTP/2)',
  cannot(cell) {
    if (postQuantum(cell) && !opensslHas('X25519MLKEM768')) return "nghttp's OpenSSL is older than 3.5"
    if (cell.suite !== undefined && cell.version === '1.3') return 'nghttp lets nobody choose a suite of TLS 1.3'
    if (cell.suite !== undefined) return 'nghttp lets nobody choose a suite of TLS 1.2'
    if (cell.version === '1.2') return 'nghttp lets nobody choose a version'
    if (cell.resumed === true) return 'nghttp keeps no sessions'
    return cell.group === undefined ? undefined : 'nghttp lets nobody choose a group'
  },
  async ask(cell, target) {
    const identity = cell.clientCertificate === true ? ['--cert', target.certificate, '--key', target.key] : []
    return await client('nghttp', ['--no-verify-peer', ...identity, `https://localhost:${target.port}/seen`])
  },
}

const go: MatrixClient = {
  name: 'Go',
  cannot(cell) {
    if (cell.suite !== undefined && cell.version === '1.3') return 'Go lets nobody choose a suite of TLS 1.3'
    return undefined
  },
  ask: async (cell, target) => await client(built('go-seen', goClient), [...uniform(cell, target)]),
}

const rustls: MatrixClient = {
  name: 'Rustls',
  cannot: (cell) => (postQuantum(cell) ? 'its ring provider has no ML-KEM' : undefined),
  ask: async (cell, target) => await client(built('rustls-client', rustClient), [...uniform(cell, target)]),
}

const java: MatrixClient = {
  name: 'Java JSSE',
  cannot: (cell) => (postQuantum(cell) ? 'JSSE has no ML-KEM before Java 27' : undefined),
  async ask(cell, target) {
    const classes = built('java-client', (out) =>
      execFileSync('javac', ['-d', out, join(import.meta.dirname, 'java', 'Client.java')], { stdio: 'ignore' }),
    )
    return await client('java', [
      '-Xshare:auto',
      '-XX:TieredStopAtLevel=1',
      '-cp',
      classes,
      'Client',
      ...uniform(cell, target),
    ])
  },
}

const python: MatrixClient = {
  name: 'Python ssl',
  cannot(cell) {
    if (cell.group !== undefined) return "Python's ssl lets no client choose a group"
    if (cell.suite !== undefined && cell.version === '1.3') return "Python's ssl lets nobody choose a suite of TLS 1.3"
    return undefined
  },
  async ask(cell, target) {
    const suite = cell.suite === undefined ? {} : { suite: opensslSuite(cell.suite) }
    return await client('python3', [
      join(import.meta.dirname, 'python', 'client.py'),
      ...uniform({ ...cell, ...suite }, target),
    ])
  },
}

const nodeTls: MatrixClient = {
  name: 'node:tls',
  cannot: () => undefined,
  async ask(cell, target) {
    const script = join(import.meta.dirname, 'node-client.ts')
    const suite = cell.version === '1.2' && cell.suite !== undefined ? { suite: opensslSuite(cell.suite) } : {}
    return await client(process.execPath, [script, ...uniform({ ...cell, ...suite }, target)])
  },
}

const chromium: MatrixClient = {
  name: 'Chromium',
  cannot(cell) {
    if (cell.suite !== undefined) return 'Chromium lets nobody choose a suite'
    if (cell.group !== undefined) return 'Chromium lets nobody choose a group'
    if (cell.certificate === 'ed25519') return 'Chromium verifies no Ed25519'
    if (cell.clientCertificate === true)
      return 'Chromium takes its certificates from a store that has to be set up by hand'
    return undefined
  },
  async ask(cell, target) {
    const profile = mkdtempSync(join(tmpdir(), 'chitin-chromium-'))
    const page = cell.resumed === true ? 'twice' : 'seen'
    // prettier-ignore
    const run = await client('chromium', ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking',
      '--disable-component-update', '--disable-sync', '--no-first-run', '--disable-quic', `--user-data-dir=${profile}`,
      `--ssl-version-max=tls${cell.version}`, `--ssl-version-min=tls${cell.version}`, '--ignore-certificate-errors',
      '--virtual-time-budget=60000', '--timeout=60000', '--dump-dom', `https://localhost:${target.port}/${page}`])
    rmSync(profile, { recursive: true, force: true })
    return run
  },
}

export const clients: readonly MatrixClient[] = [
  openssl,
  gnutls,
  curl,
  nghttp,
  go,
  nodeTls,
  rustls,
  java,
  python,
  chromium,
]

/** Says, or gets, what the clients need. */
export function demandClients(): void {
  demand('openssl', 'openssl')
  demand('curl', 'curl')
  demand('gnutls-cli', 'gnutls-bin')
  demand('nghttp', 'nghttp2-client')
  demand('chromium', 'chromium')
  demand('go', 'golang')
  demand('cargo', 'cargo')
  demand('javac', 'default-jdk-headless')
  demand('python3', 'python3')
}

/** The arguments of the clients written here around somebody's library. */
function uniform(cell: Cell, target: Target): string[] {
  return [
    String(target.port),
    target.ca,
    cell.version,
    cell.suite ?? 'any',
    cell.group ?? 'any',
    cell.resumed === true ? '2' : '1',
    ...(cell.clientCertificate === true ? [target.certificate, target.key] : []),
  ]
}

function flag(value: string | undefined, name: string, as: (value: string) => string): string[] {
  return value === undefined ? [] : [name, as(value)]
}

function postQuantum({ group }: Cell): boolean {
  return group?.includes('MLKEM') === true
}

let opensslGroups: string | undefined
function opensslHas(group: string): boolean {
  // Before 3.5 the command is not known, and lists nothing.
  opensslGroups ??= quiet(() => execFileSync('openssl', ['list', '-kem-algorithms'], { encoding: 'utf8' }))
  return opensslGroups.includes(group)
}

function quiet(run: () => string): string {
  try {
    return run()
  } catch {
    return ''
  }
}

const cache = process.env['CHITIN_CACHE'] ?? join(homedir(), '.cache', 'chitin')
const made = new Map<string, string>()

/** Builds a client once a run; its compiler's own cache, outside the tree, makes that quick. */
function built(name: string, make: (out: string) => unknown): string {
  const out = made.get(name) ?? join(cache, 'interop', name)
  if (!made.has(name)) make(out)
  made.set(name, out)
  return name === 'rustls-client' ? join(out, 'release', name) : out
}

function goClient(out: string): void {
  execFileSync('go', ['build', '-o', out, './seen'], { cwd: join(import.meta.dirname, 'go') })
}

function rustClient(out: string): void {
  const cwd = join(import.meta.dirname, 'rust')
  execFileSync('cargo', ['build', '--release', '--locked', '--quiet', '--target-dir', out], { cwd, stdio: 'inherit' })
}
