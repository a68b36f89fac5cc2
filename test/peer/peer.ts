import { randomBytes } from 'node:crypto'
import { Cursor, u16, u24, u8, vector16, vector8 } from './bytes.ts'
import { clientHello, hex, type HelloEdit, type Speaks } from './hello.ts'
import {
  cipherKeyLength,
  digest,
  digestLength,
  groupNumber,
  half,
  hmac,
  prf,
  type Group,
  type Half,
} from './primitives.ts'
import { expandLabel, ModernKeys, OlderKeys, plainKeys, type RecordKeys } from './record-keys.ts'
import { suiteByNumber, type PeerSuite } from './suites.ts'

/** The keys a record can be sent under: none, those of the handshake, or those behind it. */
export type Epoch = 'plain' | 'handshake' | 'application'

/** How a message or record differs from the decent one. */
export interface Edit {
  /** Bits of the body that are turned over, counted from its first; from its last where negative. */
  readonly flip?: number
  /** Bytes cut from the body's end (the length says so), or put there, in hexadecimal. */
  readonly cut?: number
  readonly append?: string
  /** The body, in hexadecimal, whatever it would have been. */
  readonly body?: string
  /** What the message's header says its length is. */
  readonly length?: number
  /** The message's type. */
  readonly messageType?: number
  /** How often the whole step is said. */
  readonly times?: number
  /** Sizes of the fragments that the content is cut into; the last takes the rest. */
  readonly fragments?: readonly number[]
  /** Zeros behind the content (TLS 1.3). */
  readonly padding?: number
  readonly epoch?: Epoch
  /** The record's content type (the inner one, in TLS 1.3), its version, and its length in the header. */
  readonly type?: number
  readonly version?: number
  readonly recordLength?: number
  /** One bit of the record is turned over on its way; counted as in `flip`. */
  readonly spoil?: number
  /** Not sent yet, but together with the next step; `sameRecord`: even in its record, where the keys are the same. */
  readonly hold?: boolean
  readonly sameRecord?: boolean
  /** Bytes of application data. */
  readonly size?: number
  readonly level?: number
  readonly description?: number
  readonly request?: number
  readonly hello?: HelloEdit
  /** The client's share in a ClientKeyExchange. */
  readonly share?: string
}

export const stepKinds = [
  'hello',
  'finished',
  'change-cipher-spec',
  'client-key-exchange',
  'certificate',
  'certificate-verify',
  'alert',
  'close',
  'data',
  'key-update',
  'handshake',
  'record',
  'bytes',
] as const
export type StepKind = (typeof stepKinds)[number]

export interface Heard {
  readonly alerts: { readonly level: number; readonly description: number; readonly epoch: Epoch }[]
  /** Types of the handshake messages, in order. */
  readonly messages: number[]
  data: Buffer
  changeCipherSpecs: number
}

/**
 * A client of TLS 1.3 and 1.2 that does what a script says, however indecent. It believes what the server says about
 * keys only after it has checked the server's Finished.
 */
export class Peer {
  readonly heard: Heard = { alerts: [], messages: [], data: Buffer.alloc(0), changeCipherSpecs: 0 }
  /** Of the version that the server chose. */
  version: '1.2' | '1.3' | undefined
  /** The extensions of the server's hello, and of EncryptedExtensions. */
  readonly extensions = new Map<number, Buffer>()
  readonly #speaks: Speaks
  readonly #random = randomBytes(32)
  readonly #sessionId = randomBytes(32)
  readonly #groups: readonly Group[]
  readonly #halves = new Map<Group, Half>()
  #serverRandom: Buffer = Buffer.alloc(0)
  #suite: PeerSuite | undefined
  #transcript: Buffer[] = []
  #write: Record<Epoch, RecordKeys | undefined> = { plain: plainKeys, handshake: undefined, application: undefined }
  #epoch: Epoch = 'plain'
  #read: RecordKeys = plainKeys
  #readEpoch: Epoch = 'plain'
  #pending: Buffer = Buffer.alloc(0)
  #partial: Buffer = Buffer.alloc(0)
  #held: Buffer = Buffer.alloc(0)
  // TLS 1.3
  #handshakeSecret: Buffer = Buffer.alloc(0)
  #clientSecret: Buffer = Buffer.alloc(0)
  #serverSecret: Buffer = Buffer.alloc(0)
  #clientTraffic: Buffer = Buffer.alloc(0)
  // TLS 1.2
  #serverShare: { group: Group; share: Buffer } | undefined
  #mainSecret: Buffer = Buffer.alloc(0)
  #serverKeys: RecordKeys | undefined

  constructor(
    speaks: Speaks,
    groups: readonly Group[] = ['X25519', 'P-256', 'P-384'],
    shares: readonly Group[] = groups.slice(0, 1),
  ) {
    this.#speaks = speaks
    this.#groups = groups
    for (const group of shares) this.#halves.set(group, half(group))
  }

  /** The bytes that a step puts on the wire. */
  say(kind: StepKind, edit: Edit = {}): Buffer {
    const said: Buffer[] = []
    for (let times = edit.times ?? 1; times > 0; times--) said.push(this.#sayOnce(kind, edit))
    return Buffer.concat(said)
  }

  #sayOnce(kind: StepKind, edit: Edit): Buffer {
    const sayings: Record<StepKind, () => Buffer> = {
      bytes: () => hex(edit.body ?? ''),
      record: () => this.#records(edit.type ?? 22, hex(edit.body ?? ''), edit),
      'change-cipher-spec': () => this.#changeCipherSpec(edit),
      alert: () => this.#records(21, edited(Buffer.of(edit.level ?? 2, edit.description ?? 40), edit), edit),
      close: () => this.#records(21, edited(Buffer.of(1, 0), edit), edit),
      data: () => this.#records(23, edited(Buffer.alloc(edit.size ?? 4, 'data'), edit), edit),
      hello: () => this.#message(1, clientHello(this.#helloParts(edit.hello), edit.hello), edit),
      handshake: () => this.#message(edit.messageType ?? 0, hex(edit.body ?? ''), { ...edit, body: edit.body ?? '' }),
      certificate: () => this.#message(11, this.version === '1.2' ? u24(0) : Buffer.concat([u8(0), u24(0)]), edit),
      'certificate-verify': () => this.#message(15, Buffer.concat([u16(0x0403), vector16(randomBytes(70))]), edit),
      'client-key-exchange': () => this.#clientKeyExchange(edit),
      finished: () => this.#finished(edit),
      'key-update': () => this.#keyUpdate(edit),
    }
    return sayings[kind]()
  }

  /** Reads what the server says. Throws where no decent server would say it. */
  hear(bytes: Uint8Array): void {
    this.#pending = Buffer.concat([this.#pending, bytes])
    while (this.#pending.length >= 5) {
      const length = 5 + this.#pending.readUInt16BE(3)
      if (this.#pending.length < length) return
      const record = this.#pending.subarray(0, length)
      this.#pending = this.#pending.subarray(length)
      this.#hearRecord(record)
    }
  }

  #helloParts(edit: HelloEdit = {}): Parameters<typeof clientHello>[0] {
    for (const group of edit.shares ?? []) if (!this.#halves.has(group)) this.#halves.set(group, half(group))
    const wanted = edit.shares ?? [...this.#halves.keys()]
    return {
      speaks: this.#speaks,
      random: this.#random,
      sessionId: this.#sessionId,
      groups: edit.groups ?? this.#groups,
      shares: new Map(wanted.map((group) => [group, this.#halves.get(group)?.share ?? Buffer.alloc(0)])),
    }
  }

  #message(type: number, usual: Buffer, edit: Edit): Buffer {
    const body = edited(usual, edit)
    const message = Buffer.concat([u8(edit.messageType ?? type), u24(edit.length ?? body.length), body])
    this.#transcript.push(message)
    return this.#records(22, message, edit)
  }

  #records(type: number, content: Buffer, edit: Edit): Buffer {
    const keys = this.#write[edit.epoch ?? this.#epoch]
    if (keys === undefined) throw new Error(`there are no keys of epoch ${edit.epoch} yet`)
    const whole = Buffer.concat([this.#held, content])
    this.#held = Buffer.alloc(0)
    if (edit.sameRecord === true) {
      this.#held = whole
      return Buffer.alloc(0)
    }
    const how = {
      ...(edit.padding === undefined ? {} : { padding: edit.padding }),
      ...(edit.version === undefined ? {} : { version: edit.version }),
    }
    const records = cut(whole, edit.fragments ?? []).map((fragment) => {
      const record = keys.seal(edit.type ?? type, fragment, how)
      if (edit.recordLength !== undefined) record.writeUInt16BE(edit.recordLength, 3)
      return edit.spoil === undefined ? record : flipped(record, edit.spoil)
    })
    return Buffer.concat(records)
  }

  #changeCipherSpec(edit: Edit): Buffer {
    const record = this.#records(20, edited(Buffer.of(1), edit), { epoch: 'plain', ...edit })
    // In TLS 1.2 it is what switches the keys; in TLS 1.3 it means nothing.
    if (this.version === '1.2' && this.#write.application !== undefined) this.#epoch = 'application'
    return record
  }

  #finished(edit: Edit): Buffer {
    const data = this.version === '1.2' ? this.#olderFinished('client') : this.#modernFinished(this.#clientSecret)
    const said = this.#message(20, data, edit)
    if (this.version === '1.3') this.#epoch = 'application'
    return said
  }

  #keyUpdate(edit: Edit): Buffer {
    const said = this.#message(24, Buffer.of(edit.request ?? 0), edit)
    this.#clientTraffic = expandLabel(this.#chosen.hash, this.#clientTraffic, 'traffic upd', Buffer.alloc(0))
    this.#write.application = new ModernKeys(this.#chosen, this.#clientTraffic)
    return said
  }

  #hearRecord(record: Buffer): void {
    if (record[0] === 20) {
      this.heard.changeCipherSpecs++
      if (this.version === '1.2' && this.#serverKeys !== undefined) {
        this.#read = this.#serverKeys
        this.#readEpoch = 'application'
      }
      return
    }
    const { type, content } = this.#read.open(record)
    if (type === 21) {
      const [level = 0, description = 0] = content
      this.heard.alerts.push({ level, description, epoch: this.#readEpoch })
    } else if (type === 23) this.heard.data = Buffer.concat([this.heard.data, content])
    else if (type === 22) this.#hearHandshake(content)
    else throw new Error(`the server sent a record of type ${type}`)
  }

  #hearHandshake(content: Buffer): void {
    this.#partial = Buffer.concat([this.#partial, content])
    while (this.#partial.length >= 4) {
      const length = 4 + this.#partial.readUIntBE(1, 3)
      if (this.#partial.length < length) return
      const message = this.#partial.subarray(0, length)
      this.#partial = this.#partial.subarray(length)
      this.#hearMessage(message[0] ?? 0, message)
    }
  }

  #hearMessage(type: number, message: Buffer): void {
    const body = message.subarray(4)
    this.heard.messages.push(type)
    if (type === 20) return this.#hearFinished(body, message)
    if (type === 24) return this.#hearKeyUpdate()
    if (this.#readEpoch === 'application') return // tickets: no part of the transcript in TLS 1.3
    if (type === 2) return this.#hearServerHello(body, message)
    this.#transcript.push(message)
    if (type === 8) this.#noteExtensions(new Cursor(body))
    if (type === 12) this.#serverShare = readServerKeyExchange(body)
  }

  #hearServerHello(body: Buffer, message: Buffer): void {
    const from = new Cursor(body)
    from.u16()
    this.#serverRandom = from.take(32)
    from.vector8()
    this.#suite = suiteByNumber[from.u16()]
    from.u8()
    if (from.left > 0) this.#noteExtensions(from)
    this.version = this.extensions.has(43) ? '1.3' : '1.2'
    if (this.#serverRandom.equals(retryRandom)) return this.#hearRetry(message)
    this.#transcript.push(message)
    if (this.version === '1.3') this.#modernHandshakeKeys()
  }

  /** HelloRetryRequest (RFC 8446 §4.1.4): a share of the group that the server asks for, and nothing else. */
  #hearRetry(message: Buffer): void {
    const wanted = this.extensions.get(51)?.readUInt16BE()
    const group = (Object.keys(groupNumber) as Group[]).find((name) => groupNumber[name] === wanted)
    if (group === undefined) throw new Error(`the server asks for group ${wanted}`)
    const hash = digest(this.#chosen.hash, ...this.#transcript)
    this.#transcript = [Buffer.concat([u8(254), u24(hash.length), hash]), message]
    this.#halves.clear()
    this.#halves.set(group, half(group))
  }

  #modernHandshakeKeys(): void {
    const { hash } = this.#chosen
    const from = new Cursor(this.extensions.get(51) ?? Buffer.alloc(0))
    const group = from.u16()
    const found = [...this.#halves].find(([name]) => groupNumber[name] === group)
    if (found === undefined) throw new Error(`the server chose group ${group}, for which it has no share`)
    const zeros = Buffer.alloc(digestLength[hash])
    const early = hmac(hash, zeros, zeros)
    const shared = found[1].agree(from.vector16())
    this.#handshakeSecret = hmac(hash, expandLabel(hash, early, 'derived', digest(hash)), shared)
    const heard = digest(hash, ...this.#transcript)
    this.#clientSecret = expandLabel(hash, this.#handshakeSecret, 'c hs traffic', heard)
    this.#serverSecret = expandLabel(hash, this.#handshakeSecret, 's hs traffic', heard)
    this.#read = new ModernKeys(this.#chosen, this.#serverSecret)
    this.#readEpoch = 'handshake'
    this.#write.handshake = new ModernKeys(this.#chosen, this.#clientSecret)
    this.#epoch = 'handshake'
  }

  #hearFinished(body: Buffer, message: Buffer): void {
    const expected = this.version === '1.2' ? this.#olderFinished('server') : this.#modernFinished(this.#serverSecret)
    if (!expected.equals(body)) throw new Error("the server's Finished is wrong")
    this.#transcript.push(message)
    if (this.version !== '1.3') return
    const { hash } = this.#chosen
    const zeros = Buffer.alloc(digestLength[hash])
    const main = hmac(hash, expandLabel(hash, this.#handshakeSecret, 'derived', digest(hash)), zeros)
    const heard = digest(hash, ...this.#transcript)
    this.#clientTraffic = expandLabel(hash, main, 'c ap traffic', heard)
    this.#write.application = new ModernKeys(this.#chosen, this.#clientTraffic)
    this.#serverSecret = expandLabel(hash, main, 's ap traffic', heard)
    this.#read = new ModernKeys(this.#chosen, this.#serverSecret)
    this.#readEpoch = 'application'
  }

  #hearKeyUpdate(): void {
    this.#serverSecret = expandLabel(this.#chosen.hash, this.#serverSecret, 'traffic upd', Buffer.alloc(0))
    this.#read = new ModernKeys(this.#chosen, this.#serverSecret)
  }

  #modernFinished(secret: Buffer): Buffer {
    const { hash } = this.#chosen
    const key = expandLabel(hash, secret, 'finished', Buffer.alloc(0))
    return hmac(hash, key, digest(hash, ...this.#transcript))
  }

  #olderFinished(side: 'client' | 'server'): Buffer {
    const { hash } = this.#chosen
    return prf(hash, this.#mainSecret, `${side} finished`, digest(hash, ...this.#transcript), 12)
  }

  /** The key exchange of TLS 1.2 (RFC 8422 §5.7), and all keys that follow from it (RFC 5246 §6.3, RFC 7627 §4). */
  #clientKeyExchange(edit: Edit): Buffer {
    if (this.#serverShare === undefined) throw new Error('the server has sent no ServerKeyExchange')
    const mine = half(this.#serverShare.group)
    const said = this.#message(16, vector8(edit.share === undefined ? mine.share : hex(edit.share)), edit)
    const { cipher, hash } = this.#chosen
    const shared = mine.agree(this.#serverShare.share)
    const randoms = Buffer.concat([this.#random, this.#serverRandom])
    this.#mainSecret = this.extensions.has(23)
      ? prf(hash, shared, 'extended master secret', digest(hash, ...this.#transcript), 48)
      : prf(hash, shared, 'master secret', randoms, 48)
    const keyLength = cipherKeyLength[cipher]
    const ivLength = cipher === 'chacha20-poly1305' ? 12 : 4
    const seed = Buffer.concat([this.#serverRandom, this.#random])
    const block = new Cursor(prf(hash, this.#mainSecret, 'key expansion', seed, 2 * (keyLength + ivLength)))
    const [clientKey, serverKey] = [block.take(keyLength), block.take(keyLength)]
    this.#write.application = new OlderKeys(this.#chosen, clientKey, block.take(ivLength))
    this.#serverKeys = new OlderKeys(this.#chosen, serverKey, block.take(ivLength))
    return said
  }

  #noteExtensions(from: Cursor): void {
    const list = new Cursor(from.vector16())
    while (list.left > 0) this.extensions.set(list.u16(), list.vector16())
  }

  get #chosen(): PeerSuite {
    if (this.#suite === undefined) throw new Error('the server has chosen no suite that we know')
    return this.#suite
  }
}

function readServerKeyExchange(body: Buffer): { group: Group; share: Buffer } {
  const from = new Cursor(body)
  if (from.u8() !== 3) throw new Error('the server names no curve')
  const number = from.u16()
  const group = (Object.keys(groupNumber) as Group[]).find((name) => groupNumber[name] === number)
  if (group === undefined) throw new Error(`the server chose group ${number}`)
  return { group, share: from.vector8() }
}

function edited(usual: Buffer, { body, cut: shorter = 0, append = '', flip }: Edit): Buffer {
  const whole = body === undefined ? usual : hex(body)
  const changed = Buffer.concat([whole.subarray(0, whole.length - shorter), hex(append)])
  return flip === undefined ? changed : flipped(changed, flip)
}

function flipped(bytes: Buffer, bit: number): Buffer {
  const at = bit < 0 ? bytes.length * 8 + bit : bit
  const copy = Buffer.from(bytes)
  copy.writeUInt8(copy.readUInt8(at >> 3) ^ (1 << (at & 7)), at >> 3)
  return copy
}

function cut(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const parts: Buffer[] = []
  let at = 0
  for (const size of sizes) {
    parts.push(bytes.subarray(at, at + size))
    at += size
  }
  return at < bytes.length || parts.length === 0 ? [...parts, bytes.subarray(at)] : parts
}

/** The random of a HelloRetryRequest (RFC 8446 §4.1.3). */
const retryRandom = digest('sha256', Buffer.from('HelloRetryRequest'))
