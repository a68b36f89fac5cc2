import { concat, equalConstantTime } from '../../bytes/arrays.ts'
import { handshakeType } from '../../wire/code-points.ts'
import { writeHandshake, type HandshakeMessage } from '../../wire/handshake.ts'
import type { HandshakeComplete } from '../events.ts'
import { fault } from '../fault.ts'
import { finishedData, resumptionSecret } from '../key-schedule.ts'
import type { ClientConfig } from './config.ts'
import { proveIdentity } from './identity.ts'
import type { ClientTransition, ExpectServerFinished } from './state.ts'
import { fingerprintOf } from './trust.ts'

/**
 * The server's Finished (RFC 8446 §4.4.4), and all that the client still has to say:
 *
 *     {Certificate}, {CertificateVerify}, {Finished}
 *
 * the first two only where the server asked who it is.
 */
export function onServerFinished(
  state: ExpectServerFinished,
  message: HandshakeMessage,
  config: ClientConfig,
): ClientTransition {
  const { crypto } = config
  const { suite, transcript, handshake, chain } = state
  const expected = finishedData(crypto, suite.hash, handshake.server, transcript.digest())
  if (message.body.length !== expected.length) throw fault('finished-length', `${message.body.length} bytes`)
  if (!equalConstantTime(message.body, expected)) throw fault('finished-mismatch')
  transcript.add(message.raw)
  const traffic = handshake.into(transcript.digest())

  const identity = state.wanted === undefined ? [] : proveIdentity(state.wanted, transcript, config)
  const ours = finishedData(crypto, suite.hash, handshake.client, transcript.digest())
  const finished = writeHandshake(handshakeType.finished, (out) => out.raw(ours))
  transcript.add(finished)
  const resumption = resumptionSecret(crypto, suite.hash, traffic.main, transcript.digest())
  return {
    next: { at: 'established', suite, readSecret: traffic.server, writeSecret: traffic.client, resumption, chain },
    effects: [
      { do: 'send', messages: concat(...identity, finished) },
      { do: 'use-write-secret', suite, secret: traffic.client },
      { do: 'use-read-secret', suite, secret: traffic.server },
      { do: 'wipe', secrets: [handshake.client, handshake.server] },
      { do: 'report', event: complete(state, config) },
    ],
  }
}

function complete(state: ExpectServerFinished, { serverName }: ClientConfig): HandshakeComplete {
  return {
    type: 'handshake-complete',
    version: 'TLSv1.3',
    suite: state.suite.name,
    group: state.group,
    signatureScheme: state.signatureScheme,
    serverName,
    alpn: state.alpn,
    fingerprint: fingerprintOf(state.chain),
    helloRetried: state.retried,
    resumed: state.resumed !== undefined,
    peerChain: state.chain,
  }
}
