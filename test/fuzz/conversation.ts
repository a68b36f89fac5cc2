import { deflateSync } from 'node:zlib'
import { concat } from '../../src/bytes/arrays.ts'
import { native } from '../../src/crypto/native/provider.ts'
import type { ServerConfig, Verdict } from '../../src/tls/config.ts'
import { ServerConnection } from '../../src/tls/connection.ts'
import type { ConnectionEvent } from '../../src/tls/events.ts'
import type { VersionName } from '../../src/tls/version.ts'
import { contentType, extensionType, handshakeType } from '../../src/wire/code-points.ts'
import type { Extension } from '../../src/wire/extension.ts'
import { writeHandshake } from '../../src/wire/handshake.ts'
import { refusal } from '../../src/x509/chain-fault.ts'
import { testCredential } from '../support/credentials.ts'
import { seededRandom, type Choices } from '../support/random.ts'
import { TestTls12Client } from '../support/tls12-client.ts'
import { changeCipherSpec, plainRecord, TestClient } from '../support/tls-client.ts'
import { serverConfig, sessionsOf, ticketSettings } from '../support/tls-server.ts'

/** What an engine may put out in one conversation: its flight, twice, a few answers and an alert. */
const outputLimit = 64 * 1024

/**
 * One conversation with the engine, by a client that is decent at first and damages what it says as `random` chooses.
 * Returns how it ended; throws where the engine broke a promise.
 */
export function converse(random: Choices, round: number, version: VersionName): string {
  const server = new ServerConnection(serverConfig(makeConfig(random), round))
  const client = version === 'TLSv1.3' ? tls13Client(random, round) : tls12Client(random, round)
  const events: ConnectionEvent[] = []
  let waits = false
  const judge = (): void => {
    waits = false
    events.push(...server.answer(verdict(random)))
  }
  let output = 0
  let flight: readonly Uint8Array[] = client.hello()
  for (let turn = 0; turn < 8 && flight.length > 0; turn++) {
    for (const piece of pieces(random.chance(0.5) ? damage(flight, random) : flight, random)) {
      const heard = server.receive(piece)
      waits ||= heard.at(-1)?.type === 'verify-client-certificate'
      events.push(...heard)
      if (waits && random.chance(0.7)) judge()
    }
    if (waits) judge()
    const said = concat(...server.takeOutput())
    output += said.length
    flight = answer(client, said)
    if (server.state === 'open') flight = [...flight, ...behindKeys(client, random)]
  }
  if (output > outputLimit) throw new Error(`${output} bytes of output`)
  const failures = events.filter((event) => event.type === 'failed')
  if (failures.length > 1) throw new Error(`${failures.length} failures of one connection`)
  const failed = failures[0]
  if (failed?.reason === 'internal-error') throw new Error(`internal-error: ${failed.detail}`)
  if (failed !== undefined && server.state !== 'closed') throw new Error(`failed, but ${server.state}`)
  server.destroy()
  return failed === undefined
    ? server.state.replace('closed', events.length > 0 ? 'open' : 'given up')
    : `failed ${failed.reason}`
}

/** A server that gives tickets, may ask who the client is, and has certificates compressed. */
function makeConfig(random: Choices): Partial<ServerConfig> {
  const asked = random.chance(0.3) ? { ...clientAuth, required: random.chance(0.5) } : undefined
  return { alpn: ['h2', 'http/1.1'], tickets, compressors: { zlib: deflateSync }, clientAuth: () => asked }
}

function verdict(random: Choices): Verdict {
  return random.chance(0.8) ? 'accepted' : refusal('expired', 'as chance has it')
}

type Client = TestClient | TestTls12Client

function tls13Client(random: Choices, round: number): Client {
  return new TestClient({
    crypto: native,
    random: seededRandom(round),
    compatible: random.chance(0.5),
    serverName: random.chance(0.9) ? 'shop.example.com' : undefined,
    alpn: ['h2'],
    ...(random.chance(0.2) ? { groups: ['P-256', 'X25519'] as const, shares: [] } : {}),
    ...(random.chance(0.3) ? { sessions: random.pick([sessions, sessionsOfClient]) } : {}),
    ...(random.chance(0.7) ? { identity } : {}),
    extra: wishes.filter(() => random.chance(0.2)),
    editExtensions: (extensions) => (random.chance(0.3) ? damageExtensions(extensions, random) : extensions),
    editBound: (message) => (random.chance(0.2) ? flip(message, random) : message),
    editIdentity: (messages) => messages.map((message) => (random.chance(0.2) ? flip(message, random) : message)),
  })
}

const tickets = ticketSettings()
const clientAuth = { required: true, authorities: [], id: Uint8Array.of(1) }
const identity = testCredential('ed25519', native)
const p256 = testCredential('p256', native)
const sessions = sessionsOf(tickets)
const sessionsOfClient = sessionsOf(tickets, { identity }, { clientAuth: () => clientAuth })

/** Extensions that a client need not have, and that change what the server says. */
const wishes: readonly Extension[] = [
  { type: extensionType.compressCertificate, body: Uint8Array.of(2, 0, 1) },
  { type: extensionType.recordSizeLimit, body: Uint8Array.of(0, 100) },
  { type: extensionType.maxFragmentLength, body: Uint8Array.of(1) },
]

function tls12Client(random: Choices, round: number): Client {
  return new TestTls12Client({
    crypto: native,
    random: seededRandom(round),
    serverName: random.chance(0.9) ? 'shop.example.com' : undefined,
    alpn: ['h2'],
    tickets: {},
    ...(random.chance(0.5) ? { identity: p256 } : {}),
    editSignature: ({ scheme, signature }) =>
      random.chance(0.2) ? { scheme, signature: noise(random, random.below(100)) } : { scheme, signature },
    ...(random.chance(0.2) ? { groups: ['P-384', 'P-256'] as const } : {}),
    editExtensions: (extensions) => (random.chance(0.3) ? damageExtensions(extensions, random) : extensions),
    editShare: (share) => (random.chance(0.1) ? noise(random, random.below(256)) : share),
  })
}

/** The client may well be confused by what damaged hellos lead to; that is no fault of the server's. */
function answer(client: Client, said: Uint8Array): readonly Uint8Array[] {
  try {
    return client.receive(said)
  } catch {
    return []
  }
}

/** Records that open, with anything in them. */
function behindKeys(client: Client, random: Choices): Uint8Array[] {
  return Array.from({ length: random.below(4) }, () => {
    const content = noise(random, random.pick([0, 1, 2, 5, 100, 2000]))
    return random.pick([
      () => client.data(content),
      () => (client instanceof TestClient ? client.keyUpdate(random.below(3)) : helloAgain(client)),
      () => client.closeNotify(),
      () => client.alert(random.below(256), random.below(4)),
      () => client.protect(random.below(256), content, random.below(40)),
      () =>
        client.protect(
          contentType.handshake,
          writeHandshake(random.below(256), (out) => out.raw(content)),
        ),
      () => client.protect(contentType.handshake, content),
      () =>
        client instanceof TestClient ? client.protectInner(new Uint8Array(random.below(300))) : helloAgain(client),
      () => changeCipherSpec,
    ])()
  })
}

/** A wish to renegotiate. */
function helloAgain(client: TestTls12Client): Uint8Array {
  return client.protect(contentType.handshake, client.helloMessage())
}

function damage(flight: readonly Uint8Array[], random: Choices): readonly Uint8Array[] {
  const records = [...flight]
  for (let times = 1 + random.below(2); times > 0; times--) {
    const at = random.below(records.length)
    const record = records[at] ?? new Uint8Array(0)
    const other = random.pick(records.length > 0 ? records : [new Uint8Array(1)])
    const change = random.pick([
      () => [flip(record, random)],
      () => [record.slice(0, random.below(record.length + 1))],
      () => [record, record],
      () => [],
      () => [other, record],
      () => [noise(random, random.below(64)), record],
      () => [record, plainRecord(random.below(256), noise(random, random.below(64)), random.below(65536))],
      () => [changeCipherSpec, record],
      () => [setLength(record, random)],
      () => [
        plainRecord(
          contentType.handshake,
          writeHandshake(handshakeType.finished, (out) => out.raw(noise(random, 32))),
        ),
      ],
    ])
    records.splice(at, 1, ...change())
  }
  return records
}

function damageExtensions(extensions: readonly Extension[], random: Choices): Extension[] {
  const list = [...extensions]
  const at = random.below(list.length)
  const one = list[at] ?? { type: 0, body: new Uint8Array(0) }
  const types = Object.values(extensionType)
  list.splice(
    at,
    1,
    ...random.pick<() => Extension[]>([
      () => [],
      () => [one, one],
      () => [{ ...one, body: flip(one.body, random) }],
      () => [{ ...one, body: one.body.slice(0, random.below(one.body.length + 1)) }],
      () => [one, { type: random.pick(types), body: noise(random, random.below(40)) }],
      () => [one, { type: random.below(65536), body: noise(random, random.below(2000)) }],
      () => [{ type: random.pick(types), body: one.body }],
    ])(),
  )
  return list
}

/** The same bytes as the network might cut them. */
function pieces(flight: readonly Uint8Array[], random: Choices): readonly Uint8Array[] {
  const bytes = concat(...flight)
  if (random.chance(0.6)) return [bytes]
  const size = random.pick([1, 2, 5, 100, 1000])
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.slice(i * size, (i + 1) * size))
}

function flip(bytes: Uint8Array, random: Choices): Uint8Array {
  const copy = bytes.slice()
  if (copy.length === 0) return copy
  const bit = random.below(copy.length * 8)
  copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7))
  return copy
}

function setLength(record: Uint8Array, random: Choices): Uint8Array {
  const copy = record.slice()
  if (copy.length >= 5) copy.set([random.below(256), random.below(256)], 3)
  return copy
}

function noise(random: Choices, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256))
}
