import { Reader } from '../bytes/reader.ts'
import { wipe } from '../bytes/arrays.ts'
import { readAlert, writeAlert } from '../wire/alert.ts'
import { alertDescription, alertName, contentType, type AlertName } from '../wire/code-points.ts'
import type { HandshakeMessage } from '../wire/handshake.ts'
import type { Verdict } from './config.ts'
import type { ConnectionEvent } from './events.ts'
import { describeFailure, fault } from './fault.ts'
import { Floods } from './floods.ts'
import type { Effect, Transition } from './handshake/state.ts'
import type { Limits } from './limits.ts'
import { Incoming, type Received } from './record/incoming.ts'
import { Outgoing, type Queued } from './record/outgoing.ts'
import { Reassembly } from './record/reassembly.ts'
import type { RecordProtection } from './record/protection.ts'
import { recordRules, type RecordRules } from './record/rules.ts'
import { Tls13Protection } from './record/tls13-protection.ts'
import type { Role } from './role.ts'
import { Tls12Protection } from './tls12/protection.ts'

/**
 * The mechanics of a connection, whichever side it is and whichever version it speaks:
 *
 *     bytes ──▶ Incoming ──▶ Reassembly ──▶ role: (state, message) ──▶ next state, effects ──▶ Outgoing ──▶ bytes
 *
 * The role decides, and says what it wants done; it is done here. What the peer does wrong is caught here, and nowhere
 * else: it becomes an alert, and the connection is closed. A fault of our own becomes internal_error.
 */
export class Conversation<State> {
  #role: Role<State>
  readonly #limits: Limits
  readonly #incoming: Incoming
  readonly #outgoing: Outgoing
  readonly #reassembly: Reassembly
  readonly #floods: Floods
  #state: State
  #events: ConnectionEvent[] = []
  /** Bytes that were not looked at yet: none, but where a verdict is waited for. */
  #kept: Uint8Array[] = []
  #keptBytes = 0
  #ended = false
  #peerClosed = false
  #sendClosed = false
  #askedForFreshKeys = false
  #answerQueued = false
  #keyUpdates = 0

  constructor(role: Role<State>) {
    this.#role = role
    this.#limits = role.limits
    this.#incoming = new Incoming(role.limits, role.memory?.contents)
    this.#outgoing = new Outgoing(role.padding, role.memory?.records)
    this.#reassembly = new Reassembly(role.limits)
    this.#floods = new Floods(role.limits)
    this.#state = role.start.next
    this.#follow(role.start)
  }

  get state(): 'handshaking' | 'open' | 'closed' {
    if (this.#ended || (this.#peerClosed && this.#sendClosed)) return 'closed'
    return this.#open ? 'open' : 'handshaking'
  }

  get canSend(): boolean {
    return this.#open && !this.#sendClosed && !this.#ended
  }

  get begunBytes(): number {
    return this.#incoming.begunBytes + this.#reassembly.begunBytes
  }

  receive(bytes: Uint8Array): ConnectionEvent[] {
    // RFC 8446 §6.1: what comes after close_notify is ignored.
    if (this.#ended || this.#peerClosed) return []
    return this.#during(() => {
      // The caller's buffer is the caller's again when we return. No `slice`: Buffer's copies nothing.
      this.#kept.push(this.#waiting ? new Uint8Array(bytes) : bytes)
      this.#keptBytes += bytes.length
      this.#readOn()
    })
  }

  /** Goes on from where the role waits for a verdict, with what came meanwhile. */
  answer(verdict: Verdict): ConnectionEvent[] {
    if (this.#ended) return []
    if (!this.#waiting) throw new Error('no verdict is waited for')
    return this.#during(() => {
      this.#follow(this.#role.onVerdict(this.#state, verdict))
      this.#readMessages()
      this.#readRecords()
      this.#readOn()
    })
  }

  send(plaintext: Uint8Array): void {
    if (!this.canSend) throw new Error(`cannot send: the connection is ${this.#sendClosed ? 'closed' : this.state}`)
    const { maxContent } = this.#outgoing
    for (let at = 0; at < plaintext.length; at += maxContent) {
      this.#freshKeysWhenDue()
      this.#outgoing.send(contentType.applicationData, plaintext.subarray(at, at + maxContent))
    }
  }

  close(): void {
    if (this.#sendClosed || this.#ended) return
    if (!this.#open) this.#sendAlert('user_canceled')
    this.#sendAlert('close_notify')
    this.#sendClosed = true
    if (!this.#open || this.#peerClosed) this.destroy()
  }

  get queued(): Queued {
    return this.#outgoing.queued
  }

  takeOutput(): Uint8Array[] {
    this.#answerQueued = false
    return this.#outgoing.take()
  }

  destroy(): void {
    this.#ended = true
    this.#incoming.wipe()
    this.#outgoing.wipe()
    wipe(...this.#role.secrets(this.#state))
  }

  /** The events of `work`, whose fault, if it meets one, becomes an alert. */
  #during(work: () => void): ConnectionEvent[] {
    try {
      work()
    } catch (error) {
      this.#fail(error)
    }
    if (this.#done) {
      this.#incoming.drop()
      this.#kept = []
    }
    this.#reportContents()
    const events = this.#events
    this.#events = []
    return events
  }

  #report(event: ConnectionEvent): void {
    this.#reportContents()
    this.#events.push(event)
  }

  /** What came in records that nothing else came between is one event: it is passed on at once. */
  #reportContents(): void {
    for (const data of this.#incoming.takeHeld()) this.#events.push({ type: 'application-data', data })
  }

  #readOn(): void {
    while (!this.#waiting && !this.#done) {
      const bytes = this.#kept.shift()
      if (bytes === undefined) return
      this.#keptBytes -= bytes.length
      this.#incoming.push(bytes)
      this.#readRecords()
    }
    // Our own fault, and not the peer's: who drives us should have stopped reading.
    if (this.#keptBytes > this.#limits.waitingBytes) throw new Error('too much came while a verdict was waited for')
  }

  #readRecords(): void {
    while (!this.#waiting && !this.#done) {
      const received = this.#incoming.next()
      if (received === undefined) return
      this.#onReceived(received)
    }
    if (this.#waiting) this.#incoming.keep()
  }

  get #done(): boolean {
    return this.#ended || this.#peerClosed
  }

  get #waiting(): boolean {
    return this.#role.phase(this.#state) === 'waiting'
  }

  get #rules(): RecordRules {
    return recordRules[this.#role.version(this.#state)]
  }

  get #open(): boolean {
    return this.#role.phase(this.#state) === 'open'
  }

  #onReceived(received: Received): void {
    const { type, covered } = received
    const read = this.#incoming.protection
    if (type === contentType.changeCipherSpec) return this.#onChangeCipherSpec(received)
    // A client that refuses our flight may not have keys yet: its alert comes unprotected, until one protected record came.
    const refusal = type === contentType.alert && read?.count === 0 && !this.#open
    if (read !== undefined && !covered && !refusal) throw fault('unprotected-record', `record type ${type}`)
    this.#onContent(received)
    if (covered) this.#askForFreshKeysWhenDue(read)
  }

  /** Exactly one byte, 1 (RFC 8446 §5, RFC 5246 §7.1), and never protected: nobody changes keys twice. */
  #onChangeCipherSpec({ content, covered }: Received): void {
    if (covered) throw fault('change-cipher-spec-misplaced', 'protected')
    const step = this.#role.onChangeCipherSpec(this.#state)
    if (!this.#reassembly.empty) throw fault('message-interrupted', 'by change_cipher_spec')
    if (content.length !== 1 || content[0] !== 1) throw fault('change-cipher-spec-malformed')
    this.#floods.changeCipherSpec()
    if (step !== 'drop') this.#follow(step)
  }

  #onContent(received: Received): void {
    const { type, content } = received
    if (content.length === 0) this.#onEmpty(type)
    if (type === contentType.handshake) return this.#onHandshake(content)
    if (!this.#reassembly.empty) throw fault('message-interrupted', `by record type ${type}`)
    if (type === contentType.alert) return this.#onAlert(content)
    if (type !== contentType.applicationData) throw fault('inner-content-type-unknown', `type ${type}`)
    if (!this.#open) throw fault('application-data-too-early')
    if (content.length === 0) return
    this.#floods.ebb()
    this.#incoming.hold(received)
  }

  /** RFC 8446 §5.1: application data may be empty, for traffic analysis; other types may not. */
  #onEmpty(type: number): void {
    if (type === contentType.handshake || type === contentType.alert) throw fault('empty-fragment')
    this.#floods.emptyRecord()
  }

  #onHandshake(fragment: Uint8Array): void {
    this.#reassembly.push(fragment)
    this.#readMessages()
  }

  #readMessages(): void {
    while (!this.#waiting) {
      const type = this.#reassembly.type()
      if (type === undefined) return
      this.#role.checkExpected(this.#state, type)
      const message = this.#reassembly.next()
      if (message === undefined) return
      // RFC 8446 §5.1: a message must not span a change of keys.
      if (this.#role.endsItsRecord(type) && !this.#reassembly.empty) throw fault('message-across-keys')
      this.#onMessage(message)
    }
  }

  #onMessage(message: HandshakeMessage): void {
    if (this.#open) this.#floods.message()
    this.#follow(this.#role.onMessage(this.#state, message))
  }

  #follow({ next, effects }: Transition<State>): void {
    this.#state = next
    if (this.#open && this.#role.afterwards !== undefined) this.#useRole(this.#role.afterwards)
    for (const effect of effects) this.#carryOut(effect)
  }

  #useRole(role: Role<State>): void {
    this.#role = role
    this.#reassembly.limit(role.limits)
  }

  #carryOut(effect: Effect): void {
    switch (effect.do) {
      case 'send':
        return this.#outgoing.send(contentType.handshake, effect.messages)
      case 'send-along':
        return this.#outgoing.sendAlong(contentType.handshake, effect.messages)
      case 'send-change-cipher-spec':
        return this.#outgoing.sendChangeCipherSpec()
      case 'use-write-secret':
        return this.#outgoing.use(new Tls13Protection(this.#role.crypto, effect.suite, effect.secret))
      case 'use-read-secret':
        // RFC 8446 §5.1: for a message that only its reading shows to change keys.
        if (!this.#reassembly.empty) throw fault('message-across-keys')
        this.#askedForFreshKeys = false
        return this.#incoming.use(new Tls13Protection(this.#role.crypto, effect.suite, effect.secret))
      case 'use-write-keys':
        return this.#outgoing.use(new Tls12Protection(this.#role.crypto, effect.keys))
      case 'use-read-keys':
        return this.#incoming.use(new Tls12Protection(this.#role.crypto, effect.keys))
      case 'send-warning':
        return this.#sendWarning(effect.alert)
      case 'limit-records':
        this.#incoming.limit(effect.limit.incoming)
        return this.#outgoing.limit(effect.limit.outgoing)
      case 'skip-early-data':
        return this.#incoming.skipEarlyData(effect.how)
      case 'answer-key-update':
        return this.#answerKeyUpdate()
      case 'wipe':
        return wipe(...effect.secrets)
      case 'report':
        this.#report(effect.event)
    }
  }

  /** RFC 8446 §4.6.3: requests that come faster than our output leaves get one answer, so that no peer can pile them up. */
  #answerKeyUpdate(): void {
    // After close_notify nothing may follow, nor after the last key that there is; the request then goes unanswered.
    if (this.#answerQueued || this.#sendClosed || !this.#mayUpdateKey) return
    this.#updateWriteKey(0)
    this.#answerQueued = true
  }

  #onAlert(content: Uint8Array): void {
    const alert = readAlert(new Reader(content))
    const { level, description } = alert
    if (level !== 1 && level !== 2) throw fault('alert-level-unknown', `level ${level}`)
    if (description === alertDescription.close_notify) {
      this.#peerClosed = true
      this.#report({ type: 'peer-closed' })
      // Before the handshake's end there is nothing left to say; nor after our own close_notify.
      if (!this.#open || this.#sendClosed) this.destroy()
      return
    }
    if (!this.#rules.endedBy(alert)) return this.#floods.warning()
    this.#report({ type: 'failed', by: 'received', alert: alertName(description), reason: 'peer-alert' })
    this.destroy()
  }

  #fail(error: unknown): void {
    const { alert, reason, detail } = describeFailure(error)
    try {
      if (!this.#sendClosed) this.#sendAlert(alert)
    } catch {
      // The fault was in the sealing itself: there is no way to say it that would not be in the clear.
    }
    const failed = { type: 'failed', by: 'sent', alert, reason } as const
    this.#report(detail === undefined ? failed : { ...failed, detail })
    this.destroy()
  }

  /** RFC 8446 §5.5: keys wear out. Ours change before that. */
  #freshKeysWhenDue(): void {
    if (this.#outgoing.count < this.#limits.recordsPerKey) return
    if (!this.#mayUpdateKey) throw new Error('cannot send: the key has protected as many records as it may')
    this.#updateWriteKey(0)
  }

  /** The peer's too: we ask once, and end the connection where it goes on for half as long again. */
  #askForFreshKeysWhenDue(read: RecordProtection | undefined): void {
    if (read === undefined || read !== this.#incoming.protection || !this.#open) return
    if (read.count < this.#limits.recordsPerKey) return
    if (read.count > this.#limits.recordsPerKey * 1.4) throw fault('read-key-exhausted')
    if (this.#askedForFreshKeys || this.#sendClosed || !this.#mayUpdateKey) return
    this.#updateWriteKey(1)
    this.#askedForFreshKeys = true
  }

  /** Whether there may be another key of ours: not for ever (RFC 9846 §4.7.3), and in TLS 1.2 never. */
  get #mayUpdateKey(): boolean {
    return this.#rules.keyUpdates && this.#keyUpdates < this.#limits.keyUpdatesSent
  }

  #updateWriteKey(request: 0 | 1): void {
    this.#keyUpdates++
    this.#follow(this.#role.updateWriteKey(this.#state, request))
  }

  #sendAlert(name: AlertName): void {
    // The level means nothing in TLS 1.3, but for old eyes (RFC 8446 §6): warning for the two closure alerts, else fatal.
    if (name === 'close_notify' || name === 'user_canceled') return this.#sendWarning(name)
    this.#outgoing.send(contentType.alert, writeAlert({ level: 2, description: alertDescription[name] }))
  }

  #sendWarning(name: AlertName): void {
    // After close_notify nothing may follow.
    if (this.#sendClosed) return
    this.#outgoing.send(contentType.alert, writeAlert({ level: 1, description: alertDescription[name] }))
  }
}
