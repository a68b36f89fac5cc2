import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serialize } from 'node:v8'
import { writeClientHello } from '../../../src/wire/client-hello.ts'
import { extensionType, handshakeType } from '../../../src/wire/code-points.ts'
import { writeHandshake } from '../../../src/wire/handshake.ts'
import { onClientHello } from '../../../src/tls/handshake/client-hello.ts'
import { fromHex } from '../../../src/bytes/hex.ts'
import { serverConfig } from '../../support/tls-server.ts'

test('what waits for a second hello is no greater than the first, however many extensions that has', () => {
  const raw = writeHandshake(handshakeType.clientHello, (out) =>
    writeClientHello(out, {
      legacyVersion: 0x0303,
      random: new Uint8Array(32),
      sessionId: new Uint8Array(0),
      cipherSuites: [0x1301],
      compressionMethods: Uint8Array.of(0),
      extensions: [
        { type: extensionType.supportedVersions, body: fromHex('020304') },
        { type: extensionType.supportedGroups, body: fromHex('0002001d') },
        { type: extensionType.keyShare, body: fromHex('0000') },
        { type: extensionType.signatureAlgorithms, body: fromHex('00020807') },
        ...Array.from({ length: 16_000 }, (_, i) => ({ type: 20_000 + i, body: new Uint8Array(0) })),
      ],
    }),
  )
  const message = { type: handshakeType.clientHello, raw, body: raw.subarray(4) }
  const { next } = onClientHello({ at: 'expect-client-hello' }, message, serverConfig())
  assert.equal(next.at, 'expect-second-hello')
  const kept = serialize(next).length
  assert.ok(kept < raw.length + 1000, `${kept} bytes are kept of ${raw.length}`)
})
