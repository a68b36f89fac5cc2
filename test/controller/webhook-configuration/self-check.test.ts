import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { test, type TestContext } from 'node:test'
import { selfCheck } from '../../../src/controller/webhook-configuration/self-check.ts'
import { native } from '../../../src/crypto/native/provider.ts'
import { logThrough } from '../../../src/telemetry/log.ts'
import { runWebhook, type RunningWebhook } from '../../../src/webhook/run.ts'
import { issue } from '../../support/openssl.ts'

const host = '127.0.0.1'
const serverName = 'chitin.chitin-system.svc'
const authority = issue({ subject: '/CN=ours', extensions: ['basicConstraints=critical,CA:true'] })
const leaf = issue({ issuer: authority, extensions: [`subjectAltName=DNS:${serverName}`] })
const asked = { host, serverName, ca: authority.certificate, crypto: native }

test('a webhook that answers as its caBundle says is in order', async (t) => {
  const { port } = await start(t)
  assert.equal(await selfCheck({ ...asked, port }), undefined)
})

test('a webhook whose certificate the caBundle does not vouch for is not', async (t) => {
  const { port } = await start(t)
  const stranger = issue({ subject: '/CN=theirs', extensions: ['basicConstraints=critical,CA:true'] })
  assert.match((await selfCheck({ ...asked, port, ca: stranger.certificate })) ?? '', /caBundle.*unknown-issuer/)
  assert.match((await selfCheck({ ...asked, port, serverName: 'other.svc' })) ?? '', /name-mismatch/)
  assert.match((await selfCheck({ ...asked, port, ca: '' })) ?? '', /no CERTIFICATE/)
})

test('a webhook that says nothing, or is not there, is not', async () => {
  const silent = createServer((socket) => socket.on('error', () => undefined).resume())
  await once(silent.listen(0, host), 'listening')
  const { port } = silent.address() as AddressInfo
  assert.match((await selfCheck({ ...asked, port, timeoutMs: 50 })) ?? '', /no answer within 50 ms/)
  silent.close()
  await once(silent, 'close')
  assert.match((await selfCheck({ ...asked, port })) ?? '', /ECONNREFUSED/)
})

async function start(t: TestContext): Promise<RunningWebhook> {
  const stop = new AbortController()
  const webhook = await runWebhook({
    host,
    port: 0,
    certificate: leaf,
    crypto: native,
    lookup: async () => ({ do: 'leave', reason: 'NotSelected', message: '' }),
    signal: stop.signal,
    log: logThrough('error', () => {}),
  })
  t.after(async () => {
    stop.abort()
    await webhook.done
  })
  return webhook
}
