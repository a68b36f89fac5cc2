/**
 * Shows RFC 8446 §B.3.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
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

/** A server that asks for certificates, and the client's own, which is its own authority. */
let asking: InteropServer
const client = mkdtempSync(join(tmpdir(), 'chitin-interop-client-'))

const settings: Partial<ServerConfig> = {
  groups: groupsOf['1.3'],
  alpn: ['h2', 'http/1.1'],
  tickets: {
    keys: new TicketKeys(native, [{ name: randomBytes(16), key: randomBytes(32) }]),
    lifetimeSeconds: 3600,
  },
}

/** Lines of the matrix: client and version, and a cell's outcome by its column. */
const outcomes = new Map<string, Map<string, string>>()

before(async () => {
  demandClients()
  for (const type of keyTypes) servers.set(type, await startServer(native, [type], settings))
  makeCredential(native, client, 'ecdsa-p256', 'clientAuth')
  const clientAuth = { required: true, authorities: [], id: new Uint8Array(32) }
  asking = await startServer(native, ['ecdsa-p256'], { ...settings, clientAuth: () => clientAuth }, judge)
})
after(async () => {
  for (const server of [...servers.values(), asking]) await server.stop()
  rmSync(client, { recursive: true })
  printMatrix()
})

for (const one of clients)
  for (const version of versions)
    describe(`${one.name}, TLS ${version}`, () => {
      for (const [column, cell] of cells(version)) test(column, async (t) => await tryCell(one, column, cell, t))
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

function keyFor(suite: string): KeyType {
  return suite.includes('_RSA_') ? 'rsa' : 'ecdsa-p256'
}

async function tryCell(
  one: MatrixClient,
  column: string,
  cell: Cell,
  t: { diagnostic(text: string): void },
): Promise<void> {
  const line = `${one.name}, TLS ${cell.version}`
  const note = (outcome: string): unknown => (outcomes.get(line) ?? newLine(line)).set(column, outcome)
  const reason = one.cannot(cell)
  if (reason !== undefined) {
    note(`- ${reason}`)
    t.diagnostic(`not tested: ${reason}`)
    return
  }
  note('FAILED')
  const type = cell.certificate ?? 'ecdsa-p256'
  const server = cell.clientCertificate === true ? asking : servers.get(type)
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
  if (cell.group !== undefined) assert.equal(seen.group, cell.group)
  if (cell.resumed === true) assert(seen.resumed, 'the second connection did not resume the first')
  if (cell.clientCertificate === true) assert(seen.peerChain !== undefined, 'the client showed no certificate')
  note('ok')
}

function judge(chain: readonly Uint8Array[]): Verdict {
  const anchors = parseTrustAnchors(readFileSync(join(client, 'ecdsa-p256.pem'), 'utf8'))
  const found = verifyChain(chain, { anchors, purpose: 'clientAuth', now: new Date(), crypto: native })
  return 'path' in found ? 'accepted' : found
}

function newLine(line: string): Map<string, string> {
  const created = new Map<string, string>()
  outcomes.set(line, created)
  return created
}

function printMatrix(): void {
  const reasons: string[] = []
  for (const version of versions) {
    const columns = cells(version).map(([column]) => column)
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
