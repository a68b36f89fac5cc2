/**
 * A whole conversation with the client: raw bytes, or a server of either version whose messages the fuzzer changes before
 * they go into the transcript, so that the damage is not stopped by the first Finished.
 */
import { concat } from '../../../src/bytes/arrays.ts'
import { ClientConnection } from '../../../src/tls/client/connection.ts'
import type { ConnectionEvent } from '../../../src/tls/events.ts'
import { FuzzedChoices, type Choices } from '../../support/random.ts'
import { clientConfig } from '../../support/tls-pair.ts'
import { ScriptedServer } from '../../support/tls-scripted-server.ts'
import { Tls12ScriptedServer } from '../../support/tls12-scripted-server.ts'

/** What a client may put out: two hellos, its flight and an alert. */
const outputLimit = 64 * 1024

export function fuzz(data: Buffer): void {
  const [mode = 0] = data
  const client = new ClientConnection(clientConfig())
  if (mode % 4 === 0) check(client, client.receive(Uint8Array.from(data.subarray(1))))
  else converse(client, mode % 4 === 1 ? '1.2' : '1.3', new FuzzedChoices(data.subarray(1)))
}

function converse(client: ClientConnection, version: '1.2' | '1.3', choices: Choices): void {
  const edit = (message: Uint8Array): readonly Uint8Array[] => changed(message, choices)
  const server = version === '1.3' ? new ScriptedServer({ edit }) : new Tls12ScriptedServer({ edit })
  for (let turn = 0; turn < 4; turn++) {
    const said = concat(...client.takeOutput())
    if (said.length > outputLimit) throw new Error(`${said.length} bytes of output`)
    const flight = said.length > 0 ? answer(server, said) : []
    if (flight.length === 0) break
    check(client, client.receive(concat(...flight)))
  }
  client.destroy()
}

/** A server whose own words were changed may not understand what comes of them; that is no fault of the client's. */
function answer(server: ScriptedServer | Tls12ScriptedServer, said: Uint8Array): readonly Uint8Array[] {
  try {
    return server.receive(said)
  } catch {
    return []
  }
}

function changed(message: Uint8Array, choices: Choices): readonly Uint8Array[] {
  return choices.pick<() => readonly Uint8Array[]>([
    () => [message],
    () => [withByte(message, choices)],
    () => [withByte(withByte(message, choices), choices)],
    () => [resized(message, choices)],
    () => [message, message],
    () => [],
    () => [Uint8Array.of(choices.below(256), 0, 0, 1, choices.below(256)), message],
    () => [message.subarray(0, 2), message.subarray(2)],
  ])()
}

function withByte(message: Uint8Array, choices: Choices): Uint8Array {
  const copy = message.slice()
  copy[choices.below(copy.length)] = choices.below(256)
  return copy
}

/** Cut somewhere, with a header that says so. */
function resized(message: Uint8Array, choices: Choices): Uint8Array {
  const copy = message.slice(0, 4 + choices.below(message.length - 3))
  copy.set([0, (copy.length - 4) >> 8, (copy.length - 4) & 0xff], 1)
  return copy
}

function check(client: ClientConnection, events: readonly ConnectionEvent[]): void {
  for (const event of events)
    if (event.type === 'failed') {
      if (event.reason === 'internal-error') throw new Error(`internal-error: ${event.detail}`)
      if (client.state !== 'closed') throw new Error(`failed, but ${client.state}`)
    }
}
