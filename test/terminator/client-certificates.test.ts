/** Client certificates and tickets, by clients of OpenSSL (node:tls), through to what the upstream is told. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { afterEach, describe, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { connect, type ConnectionOptions } from 'node:tls'
import { parseCertificate } from '../../src/x509/certificate.ts'
import { parsePem } from '../../src/x509/pem.ts'
import type { Snapshot, SnapshotClientAuth } from '../../src/terminator/snapshot.ts'
import { ann, bob, der, eve, middle, root } from '../support/clients-of-a-root.ts'
import { revocationList, type Issued } from '../support/openssl.ts'
import { closeAll, opened, readToEnd, startTerminator, startUpstream, tls } from '../support/terminator.ts'

afterEach(closeAll)

const asks = (over: Partial<SnapshotClientAuth> = {}): Partial<Snapshot> => ({
  clientAuth: { mode: 'Require', authorities: [der(root)], ...over },
})
const shows = ({ certificate, key }: Issued, ...chain: readonly Issued[]): ConnectionOptions => ({
  key,
  cert: certificate + chain.map((one) => one.certificate).join(''),
})

/** What the upstream is told about the client of one connection: flags, verify, common name. */
async function told(snapshot: Partial<Snapshot>, options: ConnectionOptions): Promise<readonly unknown[]> {
  const { upstream, arrived } = await capturing()
  const terminator = await startTerminator({ upstream, proxyProtocol: true }, { snapshot })
  const socket = await tls(terminator.tlsPort, options)
  socket.end()
  return identity(await readToEnd(await arrived))
}

/** Why OpenSSL says that the handshake failed, and how it was counted. */
async function refused(snapshot: Partial<Snapshot>, options: ConnectionOptions): Promise<string> {
  const upstream = await startUpstream(() => {})
  const terminator = await startTerminator({ upstream, proxyProtocol: true }, { snapshot })
  const socket = connect({
    host: '127.0.0.1',
    port: terminator.tlsPort,
    servername: 'shop.example.com',
    rejectUnauthorized: false,
    ...options,
  })
  opened.push(() => socket.destroy())
  // TLS 1.3: the client is through before it is judged.
  socket.on('secureConnect', () => socket.write('hello'))
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException]
  assert.equal(upstream.connections, 0)
  const counted = terminator.log.find((line) => line.includes('sent an alert')) ?? ''
  // OpenSSL 3.5 calls the older alerts otherwise than 3.0.
  return `${error.code?.replace(/.*_ALERT_/, '')} ${/"reason":"([^"]+)"/.exec(counted)?.[1]}`
}

describe('a policy that requires certificates', () => {
  test('lets in whom an authority has vouched for, and tells nginx who it is', async () => {
    assert.deepEqual(await told(asks(), shows(ann)), [7, 0, 'ann'])
    assert.deepEqual(await told(asks(), shows(bob, middle)), [7, 0, 'bob'])
  })

  test('lets in nobody else, each with the alert that says why', async () => {
    const list = parsePem(revocationList({ issuer: root }))[0]?.der ?? new Uint8Array()
    assert.equal(await refused(asks(), {}), 'CERTIFICATE_REQUIRED no-certificate')
    assert.equal(await refused(asks(), shows(eve)), 'UNKNOWN_CA unknown-issuer')
    assert.equal(await refused(asks(), shows(bob)), 'UNKNOWN_CA unknown-issuer')
    assert.equal(await refused(asks({ maxIntermediates: 0 }), shows(bob, middle)), 'UNKNOWN_CA too-many-intermediates')
    assert.equal(await refused(asks({ crls: [list] }), shows(bob, middle)), 'CERTIFICATE_UNKNOWN revocation-unknown')
  })
})

test('clients of TLS 1.2 are asked as those of 1.3 are', async () => {
  const older = { maxVersion: 'TLSv1.2' } as const
  assert.deepEqual(await told(asks(), { ...shows(bob, middle), ...older }), [7, 0, 'bob'])
  assert.deepEqual(await told(asks({ mode: 'Request' }), older), [1, 1, undefined])
  assert.equal(await refused(asks(), older), 'HANDSHAKE_FAILURE no-certificate-in-tls12')
  assert.equal(await refused(asks(), { ...shows(eve), ...older }), 'UNKNOWN_CA unknown-issuer')
})

describe('a policy that only requests them', () => {
  test('lets in who has none, but nobody with a bad one', async () => {
    assert.deepEqual(await told(asks({ mode: 'Request' }), {}), [1, 1, undefined])
    assert.deepEqual(await told(asks({ mode: 'Request' }), shows(ann)), [7, 0, 'ann'])
    assert.match(await refused(asks({ mode: 'Request' }), shows(eve)), /unknown-issuer/)
  })

  test('or only observes, lets in everybody, and tells nginx what it thinks', async () => {
    assert.deepEqual(await told(asks({ mode: 'Observe' }), shows(eve)), [7, 20, 'eve'])
    assert.deepEqual(await told(asks({ mode: 'Observe' }), shows(ann)), [7, 0, 'ann'])
    assert.deepEqual(await told(asks({ mode: 'Observe' }), {}), [1, 1, undefined])
  })
})

test('a client whose certificate was revoked is told so', async () => {
  const list = parsePem(revocationList({ issuer: root, serials: [serialOf(ann)] }))[0]?.der ?? new Uint8Array()
  assert.equal(await refused(asks({ crls: [list] }), shows(ann)), 'CERTIFICATE_REVOKED revoked')
})

const keys = (seed: number) => ({ name: new Uint8Array(16).fill(seed), key: new Uint8Array(32).fill(seed + 100) })
const tickets = (...seeds: readonly number[]): Partial<Snapshot> => ({
  tickets: { keys: seeds.map(keys), lifetimeSeconds: 3600 },
})
const versions: readonly Pick<ConnectionOptions, 'maxVersion'>[] = [{}, { maxVersion: 'TLSv1.2' }]

/** Begins a session with one terminator and takes it to another; says whether it was resumed, and who was there. */
async function carried(
  from: Partial<Snapshot>,
  to: Partial<Snapshot>,
  options: ConnectionOptions,
): Promise<readonly unknown[]> {
  const { upstream, arrived } = await capturing()
  const first = await startTerminator({ upstream, proxyProtocol: true }, { snapshot: from })
  const begun = await tls(first.tlsPort, options)
  const session = begun.getProtocol() === 'TLSv1.2' ? begun.getSession() : ((await once(begun, 'session'))[0] as Buffer)
  // OpenSSL tells of a session in the middle of a read, when it could not say goodbye yet.
  await setImmediate()
  begun.end()
  identity(await readToEnd(await arrived))
  const next = await capturing()
  const second = await startTerminator({ upstream: next.upstream, proxyProtocol: true }, { snapshot: to })
  const again = await tls(second.tlsPort, { ...options, ...(session === undefined ? {} : { session }) })
  const resumed = again.isSessionReused()
  again.end()
  return [resumed, ...identity(await readToEnd(await next.arrived))]
}

describe('a session that was begun at one replica', () => {
  for (const version of versions)
    describe(version.maxVersion ?? 'TLSv1.3', () => {
      test('is resumed at another with the same keys', async () => {
        assert.deepEqual(await carried(tickets(1, 2), tickets(1, 2), version), [true, 1, 1, undefined])
      })

      test('is resumed where its key only opens any more, and nowhere else', async () => {
        assert.deepEqual((await carried(tickets(1, 2), tickets(2, 3, 1), version))[0], true)
        assert.deepEqual((await carried(tickets(1, 2), tickets(3, 4), version))[0], false)
        assert.deepEqual((await carried(tickets(1, 2), {}, version))[0], false)
      })
    })

  test('goes on as the client that it was begun by', async () => {
    const both = { ...tickets(1), ...asks() }
    for (const version of versions)
      assert.deepEqual(await carried(both, both, { ...shows(bob, middle), ...version }), [true, 5, 0, 'bob'])
  })

  test('does not outlive the authorities and lists that its client was believed by', async () => {
    const list = parsePem(revocationList({ issuer: root }))[0]?.der ?? new Uint8Array()
    const before = { ...tickets(1), ...asks() }
    const listed = { ...tickets(1), ...asks({ crls: [list] }) }
    const more = { ...tickets(1), ...asks({ authorities: [der(root), der(middle)] }) }
    assert.deepEqual(await carried(before, listed, shows(ann)), [false, 7, 0, 'ann'])
    assert.deepEqual(await carried(before, more, shows(ann)), [false, 7, 0, 'ann'])
    assert.deepEqual(await carried(tickets(1), before, shows(ann)), [false, 7, 0, 'ann'])
  })

  test('goes on as a client that is only observed, and was believed by way of an authority between', async () => {
    const observed = { ...tickets(1), ...asks({ mode: 'Observe' }) }
    assert.deepEqual(await carried(observed, observed, shows(ann)), [true, 5, 0, 'ann'])
    for (const version of versions)
      assert.deepEqual(await carried(observed, observed, { ...shows(bob, middle), ...version }), [true, 5, 0, 'bob'])
  })
})

/** An upstream, and the first connection that comes to it. */
async function capturing() {
  let arrive: (socket: Socket) => void
  const arrived = new Promise<Socket>((resolve) => (arrive = resolve))
  return { upstream: await startUpstream((socket) => arrive(socket)), arrived }
}

/** Of the PROXY header of a client over IPv4: the flags of its TLS, what came of its certificate, and its common name. */
function identity(bytes: Buffer): [flags: number, verify: number, commonName: string | undefined] {
  const ssl = values(bytes.subarray(16 + 12, 16 + bytes.readUInt16BE(14))).get(0x20)
  assert.ok(ssl, 'a TLV of PP2_TYPE_SSL')
  return [ssl.readUInt8(0), ssl.readUInt32BE(1), values(ssl.subarray(5)).get(0x22)?.toString()]
}

function values(bytes: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>()
  for (let at = 0; at < bytes.length; at += 3 + bytes.readUInt16BE(at + 1))
    found.set(bytes.readUInt8(at), bytes.subarray(at + 3, at + 3 + bytes.readUInt16BE(at + 1)))
  return found
}

function serialOf(issued: Issued): string {
  return parseCertificate(der(issued)).serialNumber.toUpperCase()
}
