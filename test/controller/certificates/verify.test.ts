import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import { native } from '../../../src/crypto/native/provider.ts'
import { shakeHands } from '../../../src/controller/certificates/verify.ts'
import { parseCredential } from '../../../src/x509/credential.ts'
import { parsePem } from '../../../src/x509/pem.ts'
import { testCredential } from '../../support/credentials.ts'
import { algorithms, issue, type Issued } from '../../support/openssl.ts'
import { closeAll, startTerminator } from '../../support/terminator.ts'

const serverName = 'shop.example.test'
const fingerprint = ({ certificate, key }: Issued): string => parseCredential(certificate, key).fingerprint
const ecdsa = issue({})
const rsa = issue({ algorithm: algorithms.rsa })
const timeoutMs = 10_000

const shake = (server: Server, keyType: string, over: Partial<Parameters<typeof shakeHands>[0]> = {}) => {
  const { address, port } = server.address() as AddressInfo
  return shakeHands({ address, port, serverName, keyType, timeoutMs, crypto: native, ...over })
}

describe('a handshake with a pod', () => {
  const pod = createTlsServer({
    cert: [ecdsa.certificate, rsa.certificate],
    key: [ecdsa.key, rsa.key],
    minVersion: 'TLSv1.3',
  })
  pod.on('tlsClientError', () => undefined)
  const behindProxy = createServer((socket) => {
    socket.once('readable', () => {
      const header = socket.read(16) as Buffer | null
      if (header?.toString('hex') === '0d0a0d0a000d0a515549540a20000000') pod.emit('connection', socket)
      else socket.destroy()
    })
    socket.on('error', () => undefined)
  })
  const silent = createServer((socket) => socket.on('error', () => undefined).resume())
  const hangsUp = createServer((socket) => socket.destroy())
  const servers: readonly Server[] = [pod, behindProxy, silent, hangsUp]

  before(async () => {
    for (const server of servers) await once(server.listen(0, '127.0.0.1'), 'listening')
  })
  after(() => {
    for (const server of servers) server.close()
  })
  test('shows the certificate of each key type that is asked for', async () => {
    assert.deepEqual(await shake(pod, 'ecdsa'), { fingerprint: fingerprint(ecdsa) })
    assert.deepEqual(await shake(pod, 'rsa'), { fingerprint: fingerprint(rsa) })
  })

  test('fails in words where there is no certificate of that type', async () => {
    assert.match(String(Object.values(await shake(pod, 'ed25519'))), /alert handshake_failure/)
    assert.match(String(Object.values(await shake(pod, 'dsa'))), /dsa/)
  })

  test('begins with a PROXY header where the pod expects one', async () => {
    assert.deepEqual(await shake(behindProxy, 'ecdsa', { proxyProtocol: true }), { fingerprint: fingerprint(ecdsa) })
    assert.ok('failure' in (await shake(behindProxy, 'ecdsa')))
  })

  test('agrees on ML-KEM where the pod knows nothing else, and offers it nowhere else', async () => {
    const hybrid = createTlsServer({ cert: ecdsa.certificate, key: ecdsa.key, ecdhCurve: 'X25519MLKEM768' })
    hybrid.on('tlsClientError', () => undefined)
    await once(hybrid.listen(0, '127.0.0.1'), 'listening')
    assert.deepEqual(await shake(hybrid, 'ecdsa', { hybridOnly: true }), { fingerprint: fingerprint(ecdsa) })
    assert.ok('failure' in (await shake(hybrid, 'ecdsa')))
    hybrid.close()
  })

  test('ends when the pod says nothing, hangs up, or is not there', async () => {
    assert.deepEqual(await shake(silent, 'ecdsa', { timeoutMs: 50 }), { failure: 'no handshake within 50 ms' })
    assert.ok('failure' in (await shake(hangsUp, 'ecdsa')))
    const gone = createServer()
    await once(gone.listen(0, '127.0.0.1'), 'listening')
    const { port } = gone.address() as AddressInfo
    gone.close()
    await once(gone, 'close')
    assert.match(String(Object.values(await shake(pod, 'ecdsa', { port }))), /ECONNREFUSED/)
  })

  test('is given up when nobody wants the answer any more', async () => {
    const { port } = silent.address() as AddressInfo
    const answer = shakeHands(
      { address: '127.0.0.1', port, serverName, keyType: 'rsa', timeoutMs, crypto: native },
      AbortSignal.abort(),
    )
    assert.deepEqual(await answer, { failure: 'the question was withdrawn' })
  })
})

test('a sidecar that requires certificates of its clients shows its own all the same', async () => {
  const authority = issue({ subject: '/CN=Root', extensions: ['basicConstraints=critical,CA:true'] })
  const authorities = parsePem(authority.certificate).map(({ der }) => der)
  const terminator = await startTerminator({}, { snapshot: { clientAuth: { mode: 'Require', authorities } } })
  const handshake = { address: '127.0.0.1', port: terminator.tlsPort, serverName: 'shop.example.com', keyType: 'ecdsa' }
  const answer = await shakeHands({ ...handshake, crypto: native, timeoutMs: 5000 })
  assert.deepEqual(answer, { fingerprint: testCredential('p256', native).fingerprint })
  await closeAll()
})
