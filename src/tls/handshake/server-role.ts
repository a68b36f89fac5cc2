import type { ServerConfig } from '../config.ts'
import { fault } from '../fault.ts'
import { defaultLimits } from '../limits.ts'
import type { Role } from '../role.ts'
import { onTls12Verdict } from '../tls12/client-certificate.ts'
import { onChangeCipherSpec } from '../tls12/finished.ts'
import { tls12Secrets } from '../tls12/state.ts'
import type { VersionName } from '../version.ts'
import { onVerdict } from './certificate.ts'
import { updateWriteKey } from './key-update.ts'
import { checkExpected, endsItsRecord, onMessage } from './machine.ts'
import type { State } from './state.ts'

/** The server's side of a connection: one for all connections that are made with the same configuration. */
export function serverRole(config: ServerConfig): Role<State> {
  const role = roles.get(config) ?? { ...newRole(config), afterwards: newRole(withoutCertificates(config)) }
  roles.set(config, role)
  return role
}

const roles = new WeakMap<ServerConfig, Role<State>>()

/** All that is asked of a configuration when the handshake is over: nobody looks for a credential any more, nor chooses. */
function withoutCertificates(config: ServerConfig): ServerConfig {
  const { crypto, random, now, limits = defaultLimits, padding, memory } = config
  const { lateMessageBytes } = limits
  return {
    crypto,
    random,
    now,
    credentials: () => undefined,
    groups: [],
    alpn: [],
    limits: { ...limits, clientHelloBytes: lateMessageBytes, handshakeMessageBytes: lateMessageBytes },
    ...(padding && { padding }),
    ...(memory && { memory }),
  }
}

function newRole(config: ServerConfig): Role<State> {
  return {
    crypto: config.crypto,
    limits: config.limits ?? defaultLimits,
    padding: config.padding,
    memory: config.memory,
    start: { next: { at: 'expect-client-hello' }, effects: [] },
    phase,
    version,
    secrets,
    checkExpected,
    endsItsRecord: (type) => endsItsRecord.has(type),
    onChangeCipherSpec(state) {
      if (state.at === 'tls12-expect-change-cipher-spec') return onChangeCipherSpec(state)
      const early = state.at === 'expect-client-hello'
      if (early || phase(state) === 'open' || version(state) === 'TLSv1.2')
        throw fault('change-cipher-spec-misplaced', state.at)
      return 'drop'
    },
    onMessage: (state, message) => onMessage(state, message, config),
    onVerdict(state, verdict) {
      if (state.at === 'tls12-await-verdict') return onTls12Verdict(state, verdict)
      if (state.at !== 'await-verdict') throw new Error(`no verdict is waited for in state ${state.at}`)
      return onVerdict(state, verdict)
    },
    updateWriteKey(state, request) {
      if (state.at !== 'established') throw new Error(`no KeyUpdate in state ${state.at}`)
      return updateWriteKey(state, request, config)
    },
  }
}

function phase({ at }: State): 'handshaking' | 'waiting' | 'open' {
  if (at === 'await-verdict' || at === 'tls12-await-verdict') return 'waiting'
  return at === 'established' || at === 'tls12-established' ? 'open' : 'handshaking'
}

function version({ at }: State): VersionName {
  return at.startsWith('tls12') ? 'TLSv1.2' : 'TLSv1.3'
}

function secrets(state: State): readonly Uint8Array[] {
  if (state.at === 'expect-client-hello' || state.at === 'expect-second-hello') return []
  if (state.at === 'established') return [state.readSecret, state.writeSecret]
  if ('traffic' in state) return [state.clientSecret, ...Object.values(state.traffic)]
  return tls12Secrets(state)
}
