/** What an engine keeps of the bundle that its handshake was made with. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { concat } from '../../src/bytes/arrays.ts'
import { native } from '../../src/crypto/native/provider.ts'
import { lentMemory } from '../../src/terminator/record-pool.ts'
import { serverConfig } from '../../src/terminator/server-config.ts'
import type { Snapshot } from '../../src/terminator/snapshot.ts'
import { TlsEngine } from '../../src/terminator/tls-engine.ts'
import { testCredential } from '../support/credentials.ts'
import { seededRandom } from '../support/random.ts'
import { TestClient } from '../support/tls-client.ts'
import { TestTls12Client } from '../support/tls12-client.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

suite('a connection that is open keeps nothing of a bundle that was replaced', () => {
  const random = seededRandom(5)
  const clients = {
    'TLS 1.3': () => new TestClient({ crypto: native, random, serverName: 'shop.example.com' }),
    'TLS 1.2': () => new TestTls12Client({ crypto: native, random, serverName: 'shop.example.com' }),
  }
  for (const [version, client] of Object.entries(clients))
    test(`in ${version}`, async () => {
      const { engine, bundle } = opened(client())
      assert.ok(bundle.every((part) => part.deref() !== undefined))
      // References that are weak hold until the turn is over in which they were made.
      await new Promise((resolve) => setImmediate(resolve))
      collect()
      assert.deepEqual(
        bundle.map((part) => part.deref()),
        [undefined, undefined],
      )
      engine.send(Uint8Array.of(1))
      assert.equal(engine.takeOutput().length, 1)
    })
})

/** In a function of its own, so that nobody here holds the bundle. */
function opened(client: TestClient | TestTls12Client): { engine: TlsEngine; bundle: WeakRef<object>[] } {
  const credential = testCredential('p256', native)
  const snapshot: Snapshot = {
    generation: '0123456789abcdef',
    tls: { groups: ['X25519'], alpn: [] },
    hosts: [{ names: ['shop.example.com'], credentials: [credential] }],
    defaultCredentials: undefined,
    tickets: { keys: [{ name: new Uint8Array(16), key: new Uint8Array(32) }], lifetimeSeconds: 60 },
  }
  const config = serverConfig(snapshot, native, { minTlsVersion: 'TLSv1.2' }, lentMemory())
  const engine = new TlsEngine(config)
  for (let flight = client.hello(); flight.length > 0;) {
    engine.receive(concat(...flight))
    flight = client.receive(concat(...engine.takeOutput()))
  }
  assert.equal(engine.state, 'open')
  return { engine, bundle: [new WeakRef(config), new WeakRef(credential)] }
}
