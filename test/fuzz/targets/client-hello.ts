/** The ClientHello: what is read and written again is what came; and whatever it says, negotiation ends in a choice or a fault. */
import { concat } from '../../../src/bytes/arrays.ts'
import { DecodeError } from '../../../src/bytes/decode-error.ts'
import { Fault } from '../../../src/tls/fault.ts'
import { ServerConnection } from '../../../src/tls/connection.ts'
import { readClientHello, writeClientHello } from '../../../src/wire/client-hello.ts'
import { contentType, handshakeType } from '../../../src/wire/code-points.ts'
import { writeHandshake } from '../../../src/wire/handshake.ts'
import { Writer } from '../../../src/bytes/writer.ts'
import { plainRecord } from '../../support/tls-client.ts'
import { serverConfig } from '../../support/tls-server.ts'

const config = serverConfig({ alpn: ['h2', 'http/1.1'] })

export function fuzz(data: Buffer): void {
  const body = Uint8Array.from(data.subarray(0, 16_000))
  roundTrip(body)
  const server = new ServerConnection(config)
  const message = writeHandshake(handshakeType.clientHello, (out) => out.raw(body))
  const events = server.receive(plainRecord(contentType.handshake, message))
  server.takeOutput()
  const failed = events.find((event) => event.type === 'failed')
  if (failed?.reason === 'internal-error') throw new Error(`internal-error: ${failed.detail}`)
}

function roundTrip(body: Uint8Array): void {
  try {
    const out = new Writer()
    writeClientHello(out, readClientHello(body))
    // A hello of old may have no block of extensions at all; it is written with an empty one.
    const written = Buffer.from(out.finish())
    if (!written.equals(body) && !written.equals(concat(body, new Uint8Array(2))))
      throw new Error('the hello reads back as another')
  } catch (error) {
    if (!(error instanceof Fault || error instanceof DecodeError)) throw error
  }
}
