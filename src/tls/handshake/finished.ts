import { equalConstantTime, wipe } from '../../bytes/arrays.ts'
import type { HandshakeMessage } from '../../wire/handshake.ts'
import type { ServerConfig } from '../config.ts'
import { fault } from '../fault.ts'
import { finishedData, resumptionSecret } from '../key-schedule.ts'
import { newSessionTickets } from './new-session-ticket.ts'
import type { Effect, ExpectFinished, Transition } from './state.ts'

/** The client's Finished (RFC 8446 §4.4.4): it holds the keys, and saw the same messages as we did. */
export function onFinished(state: ExpectFinished, message: HandshakeMessage, config: ServerConfig): Transition {
  const { suite, traffic, transcript, clientSecret } = state
  const expected = finishedData(config.crypto, suite.hash, clientSecret, transcript.digest())
  if (message.body.length !== expected.length) throw fault('finished-length', `${message.body.length} bytes`)
  if (!equalConstantTime(message.body, expected)) throw fault('finished-mismatch')
  const effects: Effect[] = [
    { do: 'use-read-secret', suite, secret: traffic.client },
    { do: 'report', event: state.complete },
  ]
  const tickets = giveTickets(state, message, config)
  if (tickets.length > 0) effects.push({ do: 'send-along', messages: tickets })
  effects.push({ do: 'wipe', secrets: [clientSecret, traffic.main] })
  return { next: { at: 'established', suite, readSecret: traffic.client, writeSecret: traffic.server }, effects }
}

function giveTickets(
  { suite, transcript, traffic, tickets }: ExpectFinished,
  message: HandshakeMessage,
  config: ServerConfig,
): Uint8Array {
  if (tickets === undefined) return new Uint8Array(0)
  transcript.add(message.raw)
  const secret = resumptionSecret(config.crypto, suite.hash, traffic.main, transcript.digest())
  const messages = newSessionTickets(tickets, secret, config)
  wipe(secret)
  return messages
}
