/**
 * Scenarios as data: what a peer says, step by step, and how the server must take it. The files of test/scenarios hold
 * them; this file reads them strictly (a misspelt field is an error, not a scenario that tests nothing) and plays them.
 */
import { parse } from 'yaml'
import type { ServerConnection } from '../../src/tls/connection.ts'
import type { ConnectionEvent } from '../../src/tls/events.ts'
import { alertName } from '../../src/wire/code-points.ts'
import { Peer, stepKinds, type Edit, type StepKind } from './peer.ts'
import type { HelloEdit, Speaks } from './hello.ts'
import type { Group } from './primitives.ts'

export interface Scenario {
  readonly name: string
  /** The clause that demands the answer. */
  readonly see: string
  readonly speaks: Speaks
  readonly groups?: readonly Group[]
  readonly shares?: readonly Group[]
  /** Names a configuration of the server that the test knows. */
  readonly server?: string
  readonly steps: readonly Step[]
  /** `open`, `closed` (in good order), `waiting` (the handshake goes on), or the name of the alert. */
  readonly expect: string
  /** Further: the reason of the fault table, the messages heard, the data that came through. */
  readonly reason?: string
  readonly heard?: readonly number[]
  /** One byte at a time. */
  readonly bytewise?: boolean
}

export interface Step {
  readonly kind: StepKind
  readonly edit: Edit
}

export interface Outcome {
  readonly ending: string
  readonly reason: string | undefined
  readonly peer: Peer
  readonly events: readonly ConnectionEvent[]
}

/** Reads a file of scenarios. Throws Error that says which scenario is wrong, and where. */
export function readScenarios(text: string, file: string): Scenario[] {
  const list: unknown = parse(text)
  if (!Array.isArray(list)) throw new Error(`${file}: a list of scenarios is expected`)
  return list.map((item: unknown, i) => readScenario(item, `${file}[${i}]`))
}

function readScenario(value: unknown, where: string): Scenario {
  const from = fields(value, where, scenarioFields)
  const name = from['name']
  if (typeof name !== 'string' || typeof from['see'] !== 'string' || typeof from['expect'] !== 'string')
    throw new Error(`${where}: name, see and expect are texts`)
  const speaks = (from['speaks'] ?? '1.3') as Speaks
  if (!['1.3', '1.2', 'both'].includes(speaks)) throw new Error(`${where} (${name}): speaks ${speaks}`)
  const hello = from['hello'] as HelloEdit | undefined
  const usual = hello === undefined ? usualSteps[speaks] : [{ hello: { hello } }, ...usualSteps[speaks].slice(1)]
  const steps = ((from['steps'] ?? usual) as unknown[]).map((step, i) => readStep(step, `${where} (${name}) step ${i}`))
  return { ...from, name, speaks, steps } as unknown as Scenario // each field was checked by name, above
}

function readStep(value: unknown, where: string): Step {
  const [[kind, edit] = ['', {}], ...others] =
    typeof value === 'string' ? [[value, {}]] : Object.entries(value as object)
  if (others.length > 0 || !stepKinds.includes(kind as StepKind)) throw new Error(`${where}: found ${kind}`)
  const changes = fields(edit ?? {}, where, editFields)
  if (changes['hello'] !== undefined) fields(changes['hello'], where, helloFields)
  return { kind: kind as StepKind, edit: changes }
}

function fields(value: unknown, where: string, known: readonly string[]): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new Error(`${where}: found ${String(value)}, expected fields`)
  const stranger = Object.keys(value).find((key) => !known.includes(key))
  if (stranger !== undefined) throw new Error(`${where}: no field is called ${stranger}`)
  return value as Record<string, unknown> // checked on the line above
}

/** Plays a scenario to the end. Whatever escapes from the server as an exception fails the test. */
export function playScenario(scenario: Scenario, server: ServerConnection): Outcome {
  const peer = new Peer(scenario.speaks, scenario.groups, scenario.shares)
  const events: ConnectionEvent[] = []
  let held: Buffer = Buffer.alloc(0)
  for (const { kind, edit } of scenario.steps) {
    const bytes = Buffer.concat([held, peer.say(kind, edit)])
    held = Buffer.alloc(0)
    if (edit.hold === true || edit.sameRecord === true) {
      held = bytes
      continue
    }
    const chunks = scenario.bytewise === true ? [...bytes].map((byte) => Buffer.of(byte)) : [bytes]
    for (const chunk of chunks) events.push(...server.receive(chunk))
    peer.hear(Buffer.concat(server.takeOutput()))
    // A peer whose connection is over has nothing more to say.
    if (server.state === 'closed') break
  }
  if (held.length > 0) throw new Error('the last step is held: it would never be sent')
  const failed = events.find((event) => event.type === 'failed')
  const sent = failed?.by === 'sent' ? failed.alert : undefined
  return { ending: ending(server, peer, sent), reason: failed?.reason, peer, events }
}

/** What the peer saw, which must be what the server says it did. */
function ending(server: ServerConnection, peer: Peer, failed: string | undefined): string {
  const said = peer.heard.alerts.filter(({ description }) => description !== 0).map(({ description }) => description)
  if (failed === undefined)
    return said.length > 0 ? said.map(alertName).join(' ') : server.state.replace('handshaking', 'waiting')
  const heard = said.map(alertName).at(-1)
  return heard === failed ? failed : `${failed}, though the peer heard ${heard ?? 'nothing'}`
}

const usualSteps: Readonly<Record<Speaks, readonly unknown[]>> = {
  '1.3': ['hello', 'finished'],
  '1.2': ['hello', 'client-key-exchange', 'change-cipher-spec', 'finished'],
  both: ['hello', 'finished'],
}

const scenarioFields = [
  'name',
  'see',
  'speaks',
  'groups',
  'shares',
  'server',
  'hello',
  'steps',
  'expect',
  'reason',
  'heard',
  'bytewise',
] as const satisfies readonly (keyof Scenario | 'hello')[]

const editFields = [
  'flip',
  'cut',
  'append',
  'body',
  'length',
  'messageType',
  'times',
  'fragments',
  'padding',
  'epoch',
  'type',
  'version',
  'recordLength',
  'spoil',
  'hold',
  'sameRecord',
  'size',
  'level',
  'description',
  'request',
  'hello',
  'share',
] as const satisfies readonly (keyof Edit)[]

const helloFields = [
  'legacyVersion',
  'random',
  'sessionId',
  'suites',
  'suitesRaw',
  'compressionRaw',
  'extensions',
  'first',
  'last',
  'twice',
  'extensionsRaw',
  'groups',
  'shares',
  'schemes',
  'alpn',
  'serverName',
] as const satisfies readonly (keyof HelloEdit)[]
