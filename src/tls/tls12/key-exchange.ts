import { wipe } from '../../bytes/arrays.ts'
import type { HandshakeMessage } from '../../wire/handshake.ts'
import { readClientKeyExchange } from '../../wire/tls12/client-key-exchange.ts'
import type { ServerConfig } from '../config.ts'
import { fault } from '../fault.ts'
import type { Transition } from '../handshake/state.ts'
import { hashOf } from '../transcript.ts'
import { extendedMasterSecret, masterSecret, recordKeys } from './key-schedule.ts'
import type { ExpectKeyExchange } from './state.ts'

/** ClientKeyExchange (RFC 8422 §5.7): the client's share, and with it every secret there will be. */
export function onClientKeyExchange(
  state: ExpectKeyExchange,
  message: HandshakeMessage,
  { crypto }: ServerConfig,
): Transition {
  const { suite, randoms, group, privateKey, chain, tickets, complete } = state
  const { point } = readClientKeyExchange(message.body)
  const premaster = crypto.keyExchange(group).sharedSecret(privateKey, point)
  wipe(privateKey)
  if (premaster === undefined) throw fault('client-share-invalid', group)

  const transcript = [...state.transcript, message.raw]
  const master = state.extendedMasterSecret
    ? extendedMasterSecret(crypto, suite.hash, premaster, hashOf(crypto, suite.hash, transcript))
    : masterSecret(crypto, suite.hash, premaster, randoms)
  wipe(premaster)
  const keys = recordKeys(crypto, suite, master, randoms)
  const agreed = { suite, masterSecret: master, keys, transcript, tickets, complete }
  if (chain === undefined) return { next: { ...agreed, at: 'tls12-expect-change-cipher-spec' }, effects: [] }
  return { next: { ...agreed, at: 'tls12-expect-certificate-verify', chain }, effects: [] }
}
