/**
 * Shows RFC 8446 §B.3.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test, type TestContext } from 'node:test'
import { native } from '../../src/crypto/native/provider.ts'
import type { ServerConfig, Verdict } from '../../src/tls/config.ts'
import { verifyChain } from '../../src/x509/chain.ts'
import { parseTrustAnchors } from '../../src/x509/trust-anchors.ts'
import { TicketKeys } from '../../src/tls/tickets.ts'
import {
  clients,
  demandClients,
  groupsOf,
  suitesOf,
  versions,
  type Cell,
  type MatrixClient,
  type Seen,
} from './matrix.ts'
import { keyTypes, makeCredential, startServer, type InteropServer, type KeyType } from './server.ts'

/** One server for each kind of certificate: each has everything else. */
const servers = new Map<KeyType, InteropServer>()

/** The same that ask for certificates; and the client's own, which is its own authority. */
const asking = new Map<KeyType, InteropServer>()
const client = mkdtempSync(join(tmpdir(), 'chitin-interop-client-'))

const settings: Partial<ServerConfig> = {
  groups: groupsOf['1.3'],
  alpn: ['h2', 'http/1.1'],
  tickets: {
    keys: new TicketKeys(native, [{ name: randomBytes(16), key: randomBytes(32) }]),
    lifetimeSeconds: 3600,
  },
}

/** The column of the cells that have all choices at once. */
const everyTwo = 'every two of these together'

/** Lines of the matrix: client and version, and a cell's outcome by its column. */
const outcomes = new Map<string, Map<string, string>>()

before(async () => {
  demandClients()
  makeCredential(native, client, 'ecdsa-p256', 'clientAuth')
  const clientAuth = { required: true, authorities: [], id: new Uint8Array(32) }
  for (const type of keyTypes) {
    servers.set(type, await startServer(native, [type], settings))
    asking.set(type, await startServer(native, [type], { ...settings, clientAuth: () => clientAuth }, judge))
  }
})
after(async () => {
  for (const server of [...servers.values(), ...asking.values()]) await server.stop()
  rmSync(client, { recursive: true })
  printMatrix()
})

for (const one of clients)
  for (const version of versions)
    describe(`${one.name}, TLS ${version}`, () => {
      for (const [column, cell] of cells(version)) test(column, async (t) => await tryCell(one, column, cell, t))
      test(everyTwo, async (t) => await tryPairs(one, version, t))
    })

function cells(version: Cell['version']): [string, Cell][] {
  return [
    ...suitesOf[version].map((suite): [string, Cell] => [suite, { version, suite, certificate: keyFor(suite) }]),
    // In TLS 1.2 the groups bind the certificate's curve too (RFC 8422 §5.3): an RSA one goes with all of them.
    ...groupsOf[version].map((group): [string, Cell] => [group, { version, group, certificate: 'rsa' }]),
    ...keyTypes.map((certificate): [string, Cell] => [`${certificate} certificate`, { version, certificate }]),
    ['resumption', { version, resumed: true }],
    ['client certificate', { version, clientCertificate: true }],
  ]
}

/** All that a client may be asked for at once, as far as the RFCs let it go together. */
function combinations(version: Cell['version']): Required<Cell>[] {
  return suitesOf[version].flatMap((suite) =>
    groupsOf[version].flatMap((group) =>
      keyTypes
        .filter((certificate) => version === '1.3' || goTogether(suite, group, certificate))
        .flatMap((certificate) =>
          [false, true].flatMap((resumed) =>
            [false, true].map((clientCertificate) => {
              return { version, suite, group, certificate, resumed, clientCertificate }
            }),
          ),
        ),
    ),
  )
}

/** In TLS 1.2 the suite names the kind of key, and the groups bind the curve of an ECDSA one (RFC 8422 §5.3). */
function goTogether(suite: string, group: string, certificate: KeyType): boolean {
  const curve = { 'ecdsa-p256': 'P-256', 'ecdsa-p384': 'P-384', ed25519: group, rsa: group }[certificate]
  return suite.includes('_RSA_') === (certificate === 'rsa') && group === curve
}

function keyFor(suite: string): KeyType {
  return suite.includes('_RSA_') ? 'rsa' : 'ecdsa-p256'
}

async function tryCell(one: MatrixClient, column: string, cell: Cell, t: TestContext): Promise<void> {
  const reason = one.cannot(cell)
  note(one, cell.version, column, reason === undefined ? 'FAILED' : `- ${reason}`)
  if (reason !== undefined) return t.diagnostic(`not tested: ${reason}`)
  await connect(one, cell)
  note(one, cell.version, column, 'ok')
}

/**
 * Not the whole product, which would be thousands of connections, but each two of its choices in one of them: what goes
 * wrong with a combination mostly goes wrong with two of it.
 */
async function tryPairs(one: MatrixClient, version: Cell['version'], t: TestContext): Promise<void> {
  // What it cannot be asked for by itself, it is asked for in no combination; all the rest is tried.
  const able = (cell: Cell): boolean => one.cannot(cell) === undefined
  const cells = combinations(version).map((cell) => wishes(cell, (wish) => able({ version, ...wish })))
  const chosen = coverPairs(cells.filter(able))
  const reason = one.cannot({ version })
  note(one, version, everyTwo, reason === undefined ? 'FAILED' : `- ${reason}`)
  if (reason !== undefined) return t.diagnostic(`not tested: ${reason}`)
  const failures: string[] = []
  for (const cell of chosen)
    await connect(one, cell).catch((error: unknown) => failures.push(`${describeCell(cell)}: ${String(error)}`))
  t.diagnostic(`${chosen.length} cells`)
  assert.deepEqual(failures, [])
  note(one, version, everyTwo, 'ok')
}

function describeCell({
  suite = 'any suite',
  group = 'any group',
  certificate,
  resumed,
  clientCertificate,
}: Cell): string {
  const ways = [resumed === true ? 'resumed' : [], clientCertificate === true ? 'with a client certificate' : []]
  return [suite, group, certificate, ...ways.flat()].join(', ')
}

/** Asks for what is left of a cell without the wishes that the client cannot have. */
function wishes(cell: Required<Cell>, isAble: (wish: Omit<Cell, 'version'>) => boolean): Cell {
  const { version, certificate, suite, group, resumed, clientCertificate } = cell
  return {
    version,
    certificate,
    ...(isAble({ suite }) ? { suite } : {}),
    ...(isAble({ group }) ? { group } : {}),
    ...(isAble({ resumed }) ? { resumed } : {}),
    ...(isAble({ clientCertificate }) ? { clientCertificate } : {}),
  }
}

/** Cells in which every two choices that stand together in one of the given stand together; the greediest first. */
function coverPairs(cells: readonly Cell[]): Cell[] {
  const missing = new Set(cells.flatMap(pairsOf))
  const chosen: Cell[] = []
  while (missing.size > 0) {
    const gain = (cell: Cell): number => pairsOf(cell).filter((pair) => missing.has(pair)).length
    const best = cells.reduce((a, b) => (gain(b) > gain(a) ? b : a))
    for (const pair of pairsOf(best)) missing.delete(pair)
    chosen.push(best)
  }
  return chosen
}

function pairsOf(cell: Cell): string[] {
  const choices = Object.entries(cell).map(([name, value]) => `${name} ${value}`)
  return choices.flatMap((a, i) => choices.slice(i + 1).map((b) => `${a}, ${b}`))
}

/** Connects as the cell has it, and holds what our server saw against it. */
async function connect(one: MatrixClient, cell: Cell): Promise<void> {
  const type = cell.certificate ?? 'ecdsa-p256'
  const server = (cell.clientCertificate === true ? asking : servers).get(type)
  assert(server !== undefined)
  const own = { certificate: join(client, 'ecdsa-p256.pem'), key: join(client, 'ecdsa-p256.key') }
  const run = await one.ask(cell, { port: server.port, ca: join(server.directory, `${type}.pem`), ...own })
  const lines = run.stdout.toString().match(/\{"type":"handshake-complete".*?\}/g) ?? []
  const last = lines.at(-1)
  assert(
    last !== undefined,
    `no answer: exit ${run.code}: ${run.stderr.slice(-1500)} ${run.stdout.toString().slice(-500)}`,
  )
  const seen = JSON.parse(last.replaceAll('&quot;', '"')) as Seen
  assert.equal(seen.version, `TLSv${cell.version}`)
  if (cell.suite !== undefined) assert.equal(seen.suite, cell.suite)
  // A session of TLS 1.2 is resumed without an exchange of keys.
  const agreesOnKey = cell.version === '1.3' || cell.resumed !== true
  if (cell.group !== undefined && agreesOnKey) assert.equal(seen.group, cell.group)
  if (cell.resumed === true) assert(seen.resumed, 'the second connection did not resume the first')
  if (cell.clientCertificate === true) assert(seen.peerChain !== undefined, 'the client showed no certificate')
}

function judge(chain: readonly Uint8Array[]): Verdict {
  const anchors = parseTrustAnchors(readFileSync(join(client, 'ecdsa-p256.pem'), 'utf8'))
  const found = verifyChain(chain, { anchors, purpose: 'clientAuth', now: new Date(), crypto: native })
  return 'path' in found ? 'accepted' : found
}

function note({ name }: MatrixClient, version: Cell['version'], column: string, outcome: string): void {
  const line = `${name}, TLS ${version}`
  if (!outcomes.has(line)) outcomes.set(line, new Map())
  outcomes.get(line)?.set(column, outcome)
}

function printMatrix(): void {
  const reasons: string[] = []
  for (const version of versions) {
    const columns = [...cells(version).map(([column]) => column), everyTwo]
    console.log(`\nTLS ${version}: ${columns.map((column, i) => `${i + 1} ${column}`).join(', ')}\n`)
    console.log(`${''.padEnd(18)}${columns.map((_, i) => String(i + 1).padStart(4)).join('')}`)
    for (const one of clients) {
      const line = outcomes.get(`${one.name}, TLS ${version}`)
      const marks = columns.map((column) => mark(line?.get(column), reasons))
      console.log(`${one.name.padEnd(18)}${marks.map((text) => text.padStart(4)).join('')}`)
    }
  }
  console.log(reasons.map((reason, i) => `(${i + 1}) ${reason}`).join('\n'))
}

/** `ok`, `FAIL`, or the number of the reason why it cannot be tested. */
function mark(outcome: string | undefined, reasons: string[]): string {
  if (outcome === undefined || outcome === 'FAILED') return 'FAIL'
  if (outcome === 'ok') return 'ok'
  const reason = outcome.slice(2)
  if (!reasons.includes(reason)) reasons.push(reason)
  return `(${reasons.indexOf(reason) + 1})`
}
