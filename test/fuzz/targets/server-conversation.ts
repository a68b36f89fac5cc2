/** A whole conversation with the server: raw bytes, or a client whose damage the fuzzer chooses, behind the right keys too. */
import { ServerConnection } from '../../../src/tls/connection.ts'
import { FuzzedChoices } from '../../support/random.ts'
import { serverConfig } from '../../support/tls-server.ts'
import { converse } from '../conversation.ts'

export function fuzz(data: Buffer): void {
  const [mode = 0] = data
  if (mode % 4 > 0) converse(new FuzzedChoices(data.subarray(1)), 1, mode % 4 === 3 ? 'TLSv1.2' : 'TLSv1.3')
  else raw(Uint8Array.from(data.subarray(1)))
}

function raw(bytes: Uint8Array): void {
  const server = new ServerConnection(serverConfig())
  for (const event of server.receive(bytes))
    if (event.type === 'failed' && event.reason === 'internal-error') throw new Error(`internal-error: ${event.detail}`)
}
