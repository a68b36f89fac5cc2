/** The client in the place of RFC 8448's: it hears what that one heard, and says the same, byte for byte. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { concat } from '../../../src/bytes/arrays.ts'
import { fromHex, toHex } from '../../../src/bytes/hex.ts'
import type { CryptoProvider, GroupName } from '../../../src/crypto/provider.ts'
import type { Offer } from '../../../src/tls/client/hello.ts'
import { clientRole } from '../../../src/tls/client/role.ts'
import { Conversation } from '../../../src/tls/conversation.ts'
import type { ClientState, ClientTransition } from '../../../src/tls/client/state.ts'
import { groupIds, suites } from '../../../src/tls/suites.ts'
import { messageHash } from '../../../src/tls/transcript.ts'
import { readClientHello } from '../../../src/wire/client-hello.ts'
import { extensionType } from '../../../src/wire/code-points.ts'
import { readClientShares } from '../../../src/wire/extensions/key-share.ts'
import { providers } from '../../support/providers.ts'
import { clientConfig, text } from '../../support/tls-pair.ts'

for (const crypto of providers)
  test(`section 3, the simple handshake, with ${crypto.name}`, () => {
    const trace = read('section-3.txt')
    const offer = offerOf(trace('client hello record'), trace('client private key'), 'X25519')
    const effects = [{ do: 'send', messages: offer.message }] as const
    const client = clientAt({ at: 'expect-server-hello', offer }, crypto, effects)
    assert.deepEqual(client.takeOutput().map(toHex), [toHex(trace('client hello record').with(2, 3))])

    const events = client.receive(concat(trace('server hello record'), trace('server flight record')))
    assert(events[0]?.type === 'handshake-complete', JSON.stringify(events))
    assert.deepEqual(
      [events[0].suite, events[0].group, events[0].signatureScheme],
      ['TLS_AES_128_GCM_SHA256', 'X25519', 'rsa_pss_rsae_sha256'],
    )
    assert.deepEqual(client.takeOutput().map(toHex), [toHex(trace('client finished record'))])

    const [session] = client.receive(trace('server session ticket record'))
    assert(session?.type === 'session')
    // Section 4 resumes this handshake, and prints the key that it does it with.
    assert.equal(toHex(session.session.secret), toHex(read('section-4.txt')('ticket psk')))
    assert.equal(session.session.expiresAt - session.session.receivedAt, 30_000)

    const data = Uint8Array.from({ length: 50 }, (_, i) => i)
    client.send(data)
    assert.deepEqual(client.takeOutput().map(toHex), [toHex(trace('client data record'))])
    assert.equal(text(client.receive(trace('server data record'))), Buffer.from(data).toString())
    client.close()
    assert.deepEqual(client.takeOutput().map(toHex), [toHex(trace('client close_notify record'))])
    assert.deepEqual(client.receive(trace('server close_notify record')), [{ type: 'peer-closed' }])
    assert.equal(client.state, 'closed')
  })

for (const crypto of providers)
  test(`section 5, behind a HelloRetryRequest, with ${crypto.name}`, () => {
    const trace = read('section-5.txt')
    const offer = offerOf(trace('client second hello record'), trace('client private key'), 'P-256')
    const [first, request] = [trace('client hello record').subarray(5), trace('server retry record').subarray(5)]
    const state = {
      at: 'expect-second-server-hello',
      offer,
      suite: suites.TLS_AES_128_GCM_SHA256,
      transcript: [messageHash(crypto, 'SHA-256', first), request, offer.message],
    } as const
    const client = clientAt(state, crypto)
    const [complete] = client.receive(concat(trace('server hello record'), trace('server flight record')))
    assert(complete?.type === 'handshake-complete', JSON.stringify(complete))
    assert.deepEqual([complete.group, complete.helloRetried], ['P-256', true])
    assert.deepEqual(client.takeOutput().map(toHex), [toHex(trace('client finished record'))])
    client.close()
    assert.deepEqual(client.takeOutput().map(toHex), [toHex(trace('client close_notify record'))])
    assert.deepEqual(client.receive(trace('server close_notify record')), [{ type: 'peer-closed' }])
  })

/** The hello of a trace, with the key behind it. */
function offerOf(record: Uint8Array, privateKey: Uint8Array, group: GroupName): Offer {
  const message = record.subarray(5)
  const hello = readClientHello(message.subarray(4))
  const shares = readClientShares(hello.extensions.find(({ type }) => type === extensionType.keyShare)?.body ?? record)
  const share = shares.find((entry) => entry.group === groupIds[group])?.share
  assert(share !== undefined)
  return {
    hello,
    message,
    versions: ['TLSv1.3'],
    suites: ['TLS_AES_128_GCM_SHA256', 'TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_256_GCM_SHA384'],
    tls12Suites: [],
    schemes: ['ECDSA-P256-SHA256', 'RSA-PSS-SHA256'],
    pairs: new Map([[group, { privateKey: privateKey.slice(), share }]]),
    session: undefined,
  }
}

/** Our client, but in the middle of a trace. */
function clientAt(
  next: ClientState,
  crypto: CryptoProvider,
  effects: ClientTransition['effects'] = [],
): Conversation<ClientState> {
  const config = clientConfig({ crypto, groups: ['X25519', 'P-256'], serverName: 'server' })
  return new Conversation({ ...clientRole(config), start: { next, effects } })
}

/** A trace as a function from a value's name to its bytes. */
function read(name: string): (value: string) => Uint8Array {
  const lines = readFileSync(join(import.meta.dirname, '..', '..', 'vectors', 'rfc8448', name), 'utf8').split('\n')
  const values = new Map(lines.map((line) => line.split(' = ') as [string, string]))
  return (value) => fromHex(values.get(value) ?? assert.fail(`${name} has no ${value}`))
}
