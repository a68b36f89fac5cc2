import { DecodeError } from '../bytes/decode-error.ts'
import { Reader } from '../bytes/reader.ts'
import { wipe } from '../bytes/arrays.ts'
import { readAlert, writeAlert } from '../wire/alert.ts'
import { alertDescription, alertName, contentType, type AlertName } from '../wire/code-points.ts'
import type { HandshakeMessage } from '../wire/handshake.ts'
import type { ServerConfig } from './config.ts'
import type { ConnectionEvent } from './events.ts'
import { Fault, fault } from './fault.ts'
import { updateWriteKey } from './handshake/key-update.ts'
import { checkExpected, endsItsRecord, onMessage } from './handshake/machine.ts'
import type { Effect, State, Transition } from './handshake/state.ts'
import { defaultLimits, type Limits } from './limits.ts'
import { Framer, headerLength, maxPlaintext, type Record } from './record/framer.ts'
import { RecordProtection } from './record/protection.ts'
import { Reassembly } from './record/reassembly.ts'

/**
 * A TLS 1.3 server's side of one connection. Bytes of the peer go in by `receive`, which returns what happened;
 * plaintext goes in by `send`; bytes for the peer come out by `takeOutput`. There is no socket, clock or promise here.
 *
 * Whatever the peer does, `receive` does not throw: a fault becomes an alert here, and nowhere else, and the connection
 * is closed. A fault of our own becomes internal_error.
 */
export class ServerConnection {
  readonly #config: ServerConfig
  readonly #limits: Limits
  readonly #framer = new Framer()
  readonly #reassembly: Reassembly
  #state: State = { at: 'expect-client-hello' }
  #read: RecordProtection | undefined
  #write: RecordProtection | undefined
  #output: Uint8Array[] = []
  #events: ConnectionEvent[] = []
  #ended = false
  #peerClosed = false
  #sendClosed = false
  #skip: 'by-type' | 'by-trial' | 'no-more' = 'no-more'
  #skippedBytes = 0
  #emptyRecords = 0
  #changeCipherSpecs = 0
  #keyUpdates = 0
  #warnings = 0
  #askedForFreshKeys = false
  #answerQueued = false

  constructor(config: ServerConfig) {
    this.#config = config
    this.#limits = config.limits ?? defaultLimits
    this.#reassembly = new Reassembly(this.#limits.handshakeMessageBytes)
  }

  /** `closed`: both directions are done, or the connection failed. */
  get state(): 'handshaking' | 'open' | 'closed' {
    if (this.#ended || (this.#peerClosed && this.#sendClosed)) return 'closed'
    return this.#state.at === 'established' ? 'open' : 'handshaking'
  }

  /** True from the end of the handshake until `close`, also after the peer has closed its side. */
  get canSend(): boolean {
    return this.#state.at === 'established' && !this.#sendClosed && !this.#ended
  }

  /** Takes bytes of the peer, cut as the transport pleases, and returns what happened. */
  receive(bytes: Uint8Array): ConnectionEvent[] {
    // RFC 8446 §6.1: what comes after close_notify is ignored.
    if (this.#ended || this.#peerClosed) return []
    try {
      this.#framer.push(bytes)
      for (let record = this.#framer.next(); record !== undefined; record = this.#framer.next()) {
        this.#onRecord(record)
        if (this.#ended || this.#peerClosed) break
      }
    } catch (error) {
      this.#fail(error)
    }
    if (this.#ended || this.#peerClosed) this.#framer.drop()
    const events = this.#events
    this.#events = []
    return events
  }

  /** Queues plaintext. Throws Error where the handshake is not over, or sending is. */
  send(plaintext: Uint8Array): void {
    if (!this.canSend) throw new Error(`cannot send: the connection is ${this.#sendClosed ? 'closed' : this.state}`)
    for (let at = 0; at < plaintext.length; at += maxPlaintext) {
      this.#freshKeysWhenDue()
      this.#sendRecord(contentType.applicationData, plaintext.subarray(at, at + maxPlaintext))
    }
  }

  /** Queues close_notify: the peer may go on sending (RFC 8446 §6.1). Before the handshake's end it gives the connection up. */
  close(): void {
    if (this.#sendClosed || this.#ended) return
    this.#sendAlert(this.#state.at === 'established' ? 'close_notify' : 'user_canceled')
    if (this.#state.at !== 'established') this.#sendAlert('close_notify')
    this.#sendClosed = true
    if (this.#state.at !== 'established' || this.#peerClosed) this.destroy()
  }

  /** Bytes for the peer, in order; the queue is empty afterwards. */
  takeOutput(): Uint8Array[] {
    const output = this.#output
    this.#output = []
    this.#answerQueued = false
    return output
  }

  /** Ends the connection without a word, and wipes its keys. Output that is queued stays to be taken. */
  destroy(): void {
    this.#ended = true
    this.#read?.wipe()
    this.#write?.wipe()
    if (this.#state.at === 'established') wipe(this.#state.readSecret, this.#state.writeSecret)
    if (this.#state.at === 'expect-finished') wipe(this.#state.traffic.client, this.#state.traffic.server)
  }

  #onRecord(record: Record): void {
    if (record.type === contentType.changeCipherSpec) return this.#onChangeCipherSpec(record)
    if (this.#read === undefined) return this.#onPlainRecord(record)
    if (record.type === contentType.applicationData) return this.#onProtectedRecord(this.#read, record)
    // A client that refuses our flight may not have keys yet: its alert comes unprotected, until one protected record came.
    if (record.type === contentType.alert && this.#state.at === 'expect-finished' && this.#read.count === 0)
      return this.#onContent(record.type, record.fragment)
    throw fault('unprotected-record', `record type ${record.type}`)
  }

  #onPlainRecord({ type, fragment }: Record): void {
    if (type !== contentType.applicationData) return this.#onContent(type, fragment)
    if (this.#skip !== 'by-type') throw fault('application-data-too-early')
    this.#skipEarlyData(fragment)
  }

  #onProtectedRecord(read: RecordProtection, { header, fragment }: Record): void {
    const inner = read.open(header, fragment)
    if (inner === undefined) {
      if (this.#skip !== 'by-trial') throw fault('bad-record')
      return this.#skipEarlyData(fragment)
    }
    this.#skip = 'no-more'
    if (inner.type === contentType.changeCipherSpec) throw fault('change-cipher-spec-misplaced', 'protected')
    this.#onContent(inner.type, inner.content)
    this.#askForFreshKeysWhenDue(read)
  }

  /** RFC 8446 §4.2.10: refused early data is skipped, up to a limit. */
  #skipEarlyData(fragment: Uint8Array): void {
    // The header counts too: empty records are not free.
    this.#skippedBytes += headerLength + fragment.length
    if (this.#skippedBytes > this.#limits.earlyDataBytes) throw fault('too-much-early-data')
  }

  /** RFC 8446 §5: exactly one byte, 1, after the first ClientHello and before Finished; then it is dropped. */
  #onChangeCipherSpec({ fragment }: Record): void {
    if (this.#state.at === 'expect-client-hello' || this.#state.at === 'established')
      throw fault('change-cipher-spec-misplaced', this.#state.at)
    if (!this.#reassembly.empty) throw fault('message-interrupted', 'by change_cipher_spec')
    if (fragment.length !== 1 || fragment[0] !== 1) throw fault('change-cipher-spec-malformed')
    if (++this.#changeCipherSpecs > this.#limits.changeCipherSpecs) throw fault('too-many-change-cipher-specs')
  }

  #onContent(type: number, content: Uint8Array): void {
    if (content.length === 0) this.#onEmpty(type)
    else if (type === contentType.applicationData) this.#emptyRecords = 0
    if (type === contentType.handshake) return this.#onHandshake(content)
    if (!this.#reassembly.empty) throw fault('message-interrupted', `by record type ${type}`)
    if (type === contentType.alert) return this.#onAlert(content)
    if (type !== contentType.applicationData) throw fault('inner-content-type-unknown', `type ${type}`)
    if (this.#state.at !== 'established') throw fault('application-data-too-early')
    if (content.length === 0) return
    this.#keyUpdates = 0
    this.#events.push({ type: 'application-data', data: content })
  }

  /** RFC 8446 §5.1: application data may be empty, for traffic analysis; other types may not. */
  #onEmpty(type: number): void {
    if (type === contentType.handshake || type === contentType.alert) throw fault('empty-fragment')
    if (++this.#emptyRecords > this.#limits.emptyRecords) throw fault('too-many-empty-records')
  }

  #onHandshake(fragment: Uint8Array): void {
    this.#reassembly.push(fragment)
    for (let type = this.#reassembly.type(); type !== undefined; type = this.#reassembly.type()) {
      checkExpected(this.#state, type)
      const message = this.#reassembly.next()
      if (message === undefined) return
      // RFC 8446 §5.1: a message must not span a change of keys.
      if (endsItsRecord.has(type) && !this.#reassembly.empty) throw fault('message-across-keys')
      this.#onMessage(message)
    }
  }

  #onMessage(message: HandshakeMessage): void {
    if (this.#state.at === 'established' && ++this.#keyUpdates > this.#limits.keyUpdates)
      throw fault('too-many-key-updates')
    this.#follow(onMessage(this.#state, message, this.#config))
  }

  #follow({ next, effects }: Transition): void {
    this.#state = next
    for (const effect of effects) this.#carryOut(effect)
  }

  #carryOut(effect: Effect): void {
    switch (effect.do) {
      case 'send':
        this.#sendMessages(effect.messages)
        return
      case 'send-change-cipher-spec':
        this.#output.push(Uint8Array.of(contentType.changeCipherSpec, 3, 3, 0, 1, 1))
        return
      case 'use-write-secret':
        this.#write?.wipe()
        this.#write = new RecordProtection(this.#config.crypto, effect.suite, effect.secret)
        return
      case 'use-read-secret':
        this.#read?.wipe()
        this.#read = new RecordProtection(this.#config.crypto, effect.suite, effect.secret)
        this.#askedForFreshKeys = false
        return
      case 'skip-early-data':
        this.#skip = effect.how
        return
      case 'answer-key-update':
        return this.#answerKeyUpdate()
      case 'wipe':
        wipe(...effect.secrets)
        return
      case 'report':
        this.#events.push(effect.event)
    }
  }

  /** RFC 8446 §4.6.3: requests that come faster than our output leaves get one answer, so that no peer can pile them up. */
  #answerKeyUpdate(): void {
    // After close_notify nothing may follow; the request then goes unanswered.
    if (this.#answerQueued || this.#sendClosed || this.#state.at !== 'established') return
    this.#follow(updateWriteKey(this.#state, 0, this.#config))
    this.#answerQueued = true
  }

  #onAlert(content: Uint8Array): void {
    const { description } = readAlert(new Reader(content))
    if (description === alertDescription.close_notify) {
      this.#peerClosed = true
      this.#events.push({ type: 'peer-closed' })
      // Before the handshake's end there is nothing left to say; nor after our own close_notify.
      if (this.#state.at !== 'established' || this.#sendClosed) this.destroy()
      return
    }
    // RFC 8446 §6.1: user_canceled is followed by close_notify. All other alerts are fatal, whatever their level says (§6).
    if (description === alertDescription.user_canceled) {
      if (++this.#warnings > this.#limits.warnings) throw fault('too-many-warnings')
      return
    }
    this.#events.push({ type: 'failed', by: 'received', alert: alertName(description), reason: 'peer-alert' })
    this.destroy()
  }

  #fail(error: unknown): void {
    const { alert, reason, detail } = describe(error)
    try {
      if (!this.#sendClosed) this.#sendAlert(alert)
    } catch {
      // The fault was in the sealing itself: there is no way to say it that would not be in the clear.
    }
    const failed = { type: 'failed', by: 'sent', alert, reason } as const
    this.#events.push(detail === undefined ? failed : { ...failed, detail })
    this.destroy()
  }

  /** RFC 8446 §5.5: keys wear out. Ours change before that. */
  #freshKeysWhenDue(): void {
    if (this.#state.at !== 'established' || this.#write === undefined) return
    if (this.#write.count >= this.#limits.recordsPerKey) this.#follow(updateWriteKey(this.#state, 0, this.#config))
  }

  /** The peer's too: we ask once, and end the connection where it goes on for half as long again. */
  #askForFreshKeysWhenDue(read: RecordProtection): void {
    if (read !== this.#read || this.#state.at !== 'established' || read.count < this.#limits.recordsPerKey) return
    if (read.count > this.#limits.recordsPerKey * 1.4) throw fault('read-key-exhausted')
    if (this.#askedForFreshKeys || this.#sendClosed) return
    this.#follow(updateWriteKey(this.#state, 1, this.#config))
    this.#askedForFreshKeys = true
  }

  #sendMessages(messages: Uint8Array): void {
    for (let at = 0; at < messages.length; at += maxPlaintext)
      this.#sendRecord(contentType.handshake, messages.subarray(at, at + maxPlaintext))
  }

  #sendAlert(name: AlertName): void {
    // The level means nothing in TLS 1.3, but for old eyes (RFC 8446 §6): warning for the two closure alerts, else fatal.
    const level = name === 'close_notify' || name === 'user_canceled' ? 1 : 2
    this.#sendRecord(contentType.alert, writeAlert({ level, description: alertDescription[name] }))
  }

  #sendRecord(type: number, content: Uint8Array): void {
    if (this.#write !== undefined) {
      this.#output.push(this.#write.seal(type, content))
      return
    }
    const record = new Uint8Array(5 + content.length)
    record.set([type, 3, 3, content.length >> 8, content.length & 0xff])
    record.set(content, 5)
    this.#output.push(record)
  }
}

function describe(error: unknown): { alert: AlertName; reason: string; detail: string | undefined } {
  if (error instanceof Fault) return { alert: error.alert, reason: error.reason, detail: error.detail }
  // A decoder says where and why; it never quotes bytes.
  if (error instanceof DecodeError) return { alert: 'decode_error', reason: 'malformed-message', detail: error.message }
  return {
    alert: 'internal_error',
    reason: 'internal-error',
    detail: error instanceof Error ? error.message : undefined,
  }
}
