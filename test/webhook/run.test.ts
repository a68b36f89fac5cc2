import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, request, type RequestOptions } from 'node:https'
import { connect as connectTcp } from 'node:net'
import { buffer, text } from 'node:stream/consumers'
import { test, type TestContext } from 'node:test'
import type { TLSSocket } from 'node:tls'
import type { IncomingMessage } from 'node:http'
import { noble } from '../../src/crypto/noble/provider.ts'
import { logThrough } from '../../src/telemetry/log.ts'
import type { Lookup } from '../../src/webhook/lookup.ts'
import { mutatePodPath } from '../../src/webhook/routes.ts'
import { runWebhook, type RunningWebhook } from '../../src/webhook/run.ts'
import { issue } from '../support/openssl.ts'

const silent = logThrough('error', () => {})
const leave: Lookup = async () => ({ do: 'leave', reason: 'NotSelected', message: '' })
const extensions = ['subjectAltName=DNS:webhook.test']
const first = issue({ extensions })
const second = issue({ extensions })

test('serves over TLS, and takes another certificate while it runs', async (t) => {
  const webhook = await start(t, leave)
  const before = await call(webhook, { ca: first.certificate })
  assert.equal(before.status, 200)
  webhook.useCertificate(second)
  const after = await call(webhook, { ca: second.certificate })
  assert.equal(after.status, 200)
  assert.notEqual(after.fingerprint, before.fingerprint)
  await assert.rejects(call(webhook, { ca: first.certificate }))
})

test('our own failure is a 500, without what caused it', async (t) => {
  const webhook = await start(t, async () => {
    throw new Error('inner detail')
  })
  const object = { metadata: {}, spec: { containers: [] } }
  const kind = { group: '', version: 'v1', kind: 'Pod' }
  const review = {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: { uid: 'u', kind, operation: 'CREATE', object },
  }
  const { status, body } = await call(webhook, { path: `${mutatePodPath}?timeout=5s` }, JSON.stringify(review))
  assert.equal(status, 500)
  assert.doesNotMatch(body, /inner detail/)
})

test('a body without end is cut off', async (t) => {
  const webhook = await start(t, leave)
  const result = await call(webhook, { path: mutatePodPath }, 'x'.repeat(5 * 1024 * 1024)).catch(() => undefined)
  assert.ok(result === undefined || result.status === 413)
  assert.equal((await call(webhook)).status, 200)
})

test('a peer that speaks no TLS, or an old one, gets an alert and harms nobody', async (t) => {
  const webhook = await start(t, leave)
  const plain = connectTcp(webhook.port, '127.0.0.1')
  plain.end('GET /livez HTTP/1.1\r\n\r\n')
  assert.deepEqual(await buffer(plain), Buffer.of(21, 3, 3, 0, 2, 2, 10))
  await assert.rejects(call(webhook, { maxVersion: 'TLSv1.1' }), /protocol/)
  const silent = connectTcp(webhook.port, '127.0.0.1')
  assert.equal((await call(webhook)).status, 200)
  silent.destroy()
})

test('keeps a connection open for the next request, as the API server wants it', async (t) => {
  const webhook = await start(t, leave)
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => agent.destroy())
  const sockets = new Set<unknown>()
  for (let i = 0; i < 3; i++) sockets.add((await call(webhook, { agent })).socket)
  assert.equal(sockets.size, 1)
})

test('ends when it is told to, an idle connection notwithstanding', async () => {
  const stop = new AbortController()
  const webhook = await runWebhook({
    port: 0,
    host: '127.0.0.1',
    certificate: first,
    crypto: noble,
    lookup: leave,
    signal: stop.signal,
    log: silent,
  })
  await call(webhook)
  stop.abort()
  await webhook.done
  await assert.rejects(call(webhook))
})

async function start(t: TestContext, lookup: Lookup): Promise<RunningWebhook> {
  const stop = new AbortController()
  const webhook = await runWebhook({
    port: 0,
    host: '127.0.0.1',
    certificate: first,
    crypto: noble,
    lookup,
    signal: stop.signal,
    log: silent,
  })
  t.after(async () => {
    stop.abort()
    await webhook.done
  })
  return webhook
}

async function call(
  { port }: RunningWebhook,
  options: RequestOptions = {},
  body?: string,
): Promise<{ status: number; body: string; fingerprint: string; socket: unknown }> {
  const sent = request({
    host: '127.0.0.1',
    port,
    servername: 'webhook.test',
    ca: first.certificate,
    agent: false,
    path: '/livez',
    method: body === undefined ? 'GET' : 'POST',
    ...options,
  })
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  const { socket } = response
  const fingerprint = (socket as TLSSocket).getPeerCertificate().fingerprint256
  return { status: response.statusCode ?? 0, body: await text(response), fingerprint, socket }
}
