import assert from 'node:assert/strict'
import { concat } from '../../src/bytes/arrays.ts'
import { Reader } from '../../src/bytes/reader.ts'
import type { CryptoProvider, GroupName, PublicKey } from '../../src/crypto/provider.ts'
import type { ServerCredential } from '../../src/tls/config.ts'
import type { RecordProtection } from '../../src/tls/record/protection.ts'
import { groupIds } from '../../src/tls/suites.ts'
import {
  extendedMasterSecret,
  masterSecret,
  recordKeys,
  verifyData,
  type RecordKeys,
} from '../../src/tls/tls12/key-schedule.ts'
import { Tls12Protection } from '../../src/tls/tls12/protection.ts'
import {
  isTls12Signature,
  tls12SchemeIds,
  tls12Suites,
  type Tls12Suite,
  type Tls12SuiteName,
} from '../../src/tls/tls12/suites.ts'
import { hashOf } from '../../src/tls/transcript.ts'
import { writeCertificateVerify, type CertificateVerify } from '../../src/wire/certificate-verify.ts'
import { writeClientHello, type ClientHello } from '../../src/wire/client-hello.ts'
import { alertName, contentType, extensionType, handshakeType } from '../../src/wire/code-points.ts'
import type { Extension } from '../../src/wire/extension.ts'
import { readProtocolNames, writeProtocolNames } from '../../src/wire/extensions/alpn.ts'
import { writeNumbers16 } from '../../src/wire/extensions/number-list.ts'
import { writePointFormats } from '../../src/wire/extensions/point-formats.ts'
import { writeRenegotiationInfo } from '../../src/wire/extensions/renegotiation-info.ts'
import { writeServerNames } from '../../src/wire/extensions/server-name.ts'
import { writeHandshake } from '../../src/wire/handshake.ts'
import { readServerHello, type ReceivedServerHello } from '../../src/wire/server-hello.ts'
import { readTls12CertificateRequest, type Tls12CertificateRequest } from '../../src/wire/tls12/certificate-request.ts'
import { readTls12Certificate, writeTls12Certificate } from '../../src/wire/tls12/certificate.ts'
import { writeClientKeyExchange } from '../../src/wire/tls12/client-key-exchange.ts'
import { readTls12NewSessionTicket } from '../../src/wire/tls12/new-session-ticket.ts'
import { readServerKeyExchange, writeEcdhParams } from '../../src/wire/tls12/server-key-exchange.ts'
import { changeCipherSpec, plainRecord, type Heard } from './tls-client.ts'

export interface Tls12ClientOptions {
  readonly crypto: CryptoProvider
  readonly random: (length: number) => Uint8Array
  readonly suites?: readonly Tls12SuiteName[]
  readonly groups?: readonly GroupName[]
  readonly schemes?: readonly (keyof typeof tls12SchemeIds)[]
  /** `undefined`: no server_name. */
  readonly serverName?: string | undefined
  readonly alpn?: readonly string[]
  /** Takes tickets, and shows this one if there is one (RFC 5077 §3.2). */
  readonly tickets?: { readonly session?: Tls12ClientSession }
  /** Shown where the server asks who we are; left out: an empty chain is. */
  readonly identity?: ServerCredential
  /** The last word on the signature of CertificateVerify. */
  readonly editSignature?: (message: CertificateVerify) => CertificateVerify
  /** The last word on the hello, and on its extensions alone. */
  readonly edit?: (hello: ClientHello) => ClientHello
  readonly editExtensions?: (extensions: readonly Extension[]) => readonly Extension[]
  /** The last word on the share of ClientKeyExchange. */
  readonly editShare?: (share: Uint8Array) => Uint8Array
}

/** What a ticket lets a client come back with. */
export interface Tls12ClientSession {
  readonly ticket: Uint8Array
  readonly lifetimeHint: number
  readonly masterSecret: Uint8Array
  readonly suite: Tls12Suite
}

/**
 * A TLS 1.2 client for tests, as `TestClient` is for 1.3: pure and repeatable, and able to misbehave. It believes nothing:
 * the server's signature and Finished are checked.
 */
export class TestTls12Client {
  readonly #options: Required<Pick<Tls12ClientOptions, 'suites' | 'groups' | 'schemes'>> & Tls12ClientOptions
  readonly random: Uint8Array
  /** Of 32 bytes where a session is shown, so that it is seen whether it is taken. */
  readonly sessionId: Uint8Array
  readonly heard: Heard[] = []
  serverHello: ReceivedServerHello | undefined
  suite: Tls12Suite | undefined
  chain: readonly Uint8Array[] = []
  scheme = 0
  group = 0
  finished = false
  resumed = false
  requested: Tls12CertificateRequest | undefined
  session: Tls12ClientSession | undefined
  /** Our second flight, message by message: tests that want to send something else set `holdFlight`. */
  holdFlight = false
  certificateMessage: Uint8Array | undefined
  keyExchangeMessage: Uint8Array = new Uint8Array(0)
  verifyMessage: Uint8Array | undefined
  finishedMessage: Uint8Array = new Uint8Array(0)
  #pending: Uint8Array = new Uint8Array(0)
  #handshake: Uint8Array = new Uint8Array(0)
  #transcript: Uint8Array[] = []
  #signed: { content: Uint8Array; signature: Uint8Array } | undefined
  #point: Uint8Array = new Uint8Array(0)
  #master: Uint8Array = new Uint8Array(0)
  #keys: { client: RecordKeys; server: RecordKeys } | undefined
  #read: RecordProtection | undefined
  #write: RecordProtection | undefined

  constructor(options: Tls12ClientOptions) {
    this.#options = {
      suites: Object.keys(tls12Suites) as Tls12SuiteName[],
      groups: ['X25519', 'P-256', 'P-384'],
      schemes: Object.keys(tls12SchemeIds) as (keyof typeof tls12SchemeIds)[],
      ...options,
    }
    this.random = options.random(32)
    this.sessionId = options.tickets?.session === undefined ? new Uint8Array(0) : options.random(32)
  }

  helloMessage(): Uint8Array {
    const { suites, editExtensions, edit } = this.#options
    const extensions = editExtensions?.(this.#extensions()) ?? this.#extensions()
    const hello: ClientHello = {
      legacyVersion: 0x0303,
      random: this.random,
      sessionId: this.sessionId,
      cipherSuites: suites.map((name) => tls12Suites[name].id),
      compressionMethods: Uint8Array.of(0),
      extensions,
    }
    const message = writeHandshake(handshakeType.clientHello, (out) => writeClientHello(out, edit?.(hello) ?? hello))
    this.#transcript.push(message)
    return message
  }

  hello(): Uint8Array[] {
    return [plainRecord(contentType.handshake, this.helloMessage())]
  }

  /** Reads the server's bytes; returns what a decent client answers, record by record. */
  receive(bytes: Uint8Array): Uint8Array[] {
    this.#pending = concat(this.#pending, bytes)
    const reply: Uint8Array[] = []
    while (this.#pending.length >= 5) {
      const header = this.#pending.slice(0, 5)
      const length = new Reader(header.slice(3)).u16('length')
      if (this.#pending.length < 5 + length) break
      const fragment = this.#pending.slice(5, 5 + length)
      this.#pending = this.#pending.slice(5 + length)
      reply.push(...this.#onRecord(header, fragment))
    }
    return reply
  }

  /** A record under the write key in force, or in the clear while there is none. */
  protect(type: number, content: Uint8Array): Uint8Array {
    return this.#write?.seal(type, content) ?? plainRecord(type, content)
  }

  data(bytes: Uint8Array | string): Uint8Array {
    return this.protect(contentType.applicationData, Buffer.from(bytes))
  }

  alert(description: number, level = 2): Uint8Array {
    return this.protect(contentType.alert, Uint8Array.of(level, description))
  }

  closeNotify(): Uint8Array {
    return this.alert(0, 1)
  }

  /** A record of application data longer than any sender may make: its key is spent on it. */
  overlong(length: number): Uint8Array {
    assert(this.#keys !== undefined && this.#write !== undefined)
    const { aead, key, iv } = this.#keys.client
    const sequence = new Uint8Array(8)
    new DataView(sequence.buffer).setBigUint64(0, BigInt(this.#write.count))
    const nonce = concat(iv, sequence)
    const aad = concat(sequence, Uint8Array.of(23, 3, 3, length >> 8, length & 0xff))
    const sealed = this.#options.crypto.aead(aead, key).seal(nonce, aad, new Uint8Array(length))
    return plainRecord(23, concat(sequence, sealed))
  }

  /** The application protocol that the server chose. */
  get alpn(): string | undefined {
    const body = this.answer(extensionType.alpn)
    return body === undefined ? undefined : Buffer.from(readProtocolNames(body)[0] ?? []).toString()
  }

  /** An extension of the ServerHello. */
  answer(type: number): Uint8Array | undefined {
    return this.serverHello?.extensions.find((extension) => extension.type === type)?.body
  }

  /** True if the ServerKeyExchange was signed by this key. */
  signedBy(key: PublicKey): boolean {
    const name = (Object.keys(tls12SchemeIds) as (keyof typeof tls12SchemeIds)[]).find(
      (candidate) => tls12SchemeIds[candidate].id === this.scheme,
    )
    assert(name !== undefined && this.#signed !== undefined)
    return this.#options.crypto.verify(name, key, this.#signed.content, this.#signed.signature)
  }

  /** From here on our records are protected: what change_cipher_spec says. */
  useKeys(): void {
    assert(this.#keys !== undefined)
    this.#write = new Tls12Protection(this.#options.crypto, this.#keys.client)
  }

  /** change_cipher_spec, and Finished under the fresh key. */
  finish(message: Uint8Array = this.finishedMessage): Uint8Array[] {
    this.useKeys()
    this.#transcript.push(message)
    return [changeCipherSpec, this.protect(contentType.handshake, message)]
  }

  #extensions(): Extension[] {
    const { serverName = 'shop.example.com', alpn, groups, schemes, tickets } = this.#options
    const sendsName = !('serverName' in this.#options) || this.#options.serverName !== undefined
    const name = writeServerNames([{ type: 0, name: Buffer.from(serverName) }])
    return [
      { type: extensionType.renegotiationInfo, body: writeRenegotiationInfo() },
      ...(sendsName ? [{ type: extensionType.serverName, body: name }] : []),
      { type: extensionType.extendedMasterSecret, body: new Uint8Array(0) },
      ...(tickets === undefined
        ? []
        : [{ type: extensionType.sessionTicket, body: tickets.session?.ticket ?? new Uint8Array(0) }]),
      { type: extensionType.supportedGroups, body: writeNumbers16(groups.map((group) => groupIds[group])) },
      { type: extensionType.pointFormats, body: writePointFormats([0]) },
      {
        type: extensionType.signatureAlgorithms,
        body: writeNumbers16(schemes.map((scheme) => tls12SchemeIds[scheme].id)),
      },
      ...(alpn === undefined
        ? []
        : [{ type: extensionType.alpn, body: writeProtocolNames(alpn.map((protocol) => Buffer.from(protocol))) }]),
    ]
  }

  #onRecord(header: Uint8Array, fragment: Uint8Array): Uint8Array[] {
    if (header[0] === contentType.changeCipherSpec) {
      assert(this.#keys !== undefined && this.#read === undefined, 'change_cipher_spec comes once, behind the keys')
      this.#read = new Tls12Protection(this.#options.crypto, this.#keys.server)
      this.heard.push({ type: 'change-cipher-spec' })
      return []
    }
    if (this.#read === undefined) return this.#onContent(header[0] as number, fragment, false)
    const opened = this.#read.open(header, fragment)
    assert(opened !== undefined, "the server's record does not open")
    return this.#onContent(opened.type, opened.content, true)
  }

  #onContent(type: number, content: Uint8Array, isProtected: boolean): Uint8Array[] {
    if (type === contentType.alert) {
      const [level = 0, description = 0] = content
      this.heard.push({ type: 'alert', level, alert: alertName(description), protected: isProtected })
      return []
    }
    if (type === contentType.applicationData) {
      this.heard.push({ type: 'data', data: content.slice() })
      return []
    }
    assert.equal(type, contentType.handshake)
    this.#handshake = concat(this.#handshake, content)
    const reply: Uint8Array[] = []
    while (this.#handshake.length >= 4) {
      const from = new Reader(this.#handshake)
      const code = from.u8('type')
      const length = from.u24('length')
      if (from.remaining < length) break
      const raw = this.#handshake.slice(0, 4 + length)
      this.#handshake = this.#handshake.slice(4 + length)
      reply.push(...this.#onMessage(code, raw.subarray(4), raw))
    }
    return reply
  }

  #onMessage(code: number, body: Uint8Array, raw: Uint8Array): Uint8Array[] {
    if (code === handshakeType.finished) return this.#onFinished(body, raw)
    this.#transcript.push(raw)
    switch (code) {
      case handshakeType.serverHello:
        this.#onServerHello(readServerHello(body))
        return []
      case handshakeType.newSessionTicket: {
        assert(this.suite !== undefined)
        this.session = { ...readTls12NewSessionTicket(body), masterSecret: this.#master, suite: this.suite }
        return []
      }
      case handshakeType.certificateRequest:
        this.requested = readTls12CertificateRequest(body)
        return []
      case handshakeType.certificate:
        this.chain = readTls12Certificate(body)
        return []
      case handshakeType.serverKeyExchange: {
        const { group, point, scheme, signature } = readServerKeyExchange(body)
        const content = concat(this.random, this.serverHello?.random as Uint8Array, writeEcdhParams(group, point))
        this.#signed = { content, signature }
        this.#point = point
        this.scheme = scheme
        this.group = group
        return []
      }
      default:
        assert.equal(code, handshakeType.serverHelloDone)
        return this.#secondFlight()
    }
  }

  #onServerHello(hello: ReceivedServerHello): void {
    this.serverHello = hello
    this.suite = Object.values(tls12Suites).find(({ id }) => id === hello.cipherSuite)
    assert(this.suite !== undefined)
    const session = this.#options.tickets?.session
    if (session === undefined || Buffer.compare(hello.sessionId, this.sessionId) !== 0) return
    assert.equal(session.suite.id, hello.cipherSuite, 'a session goes on with its suite')
    this.resumed = true
    this.#master = session.masterSecret
    const randoms = { client: this.random, server: hello.random }
    this.#keys = recordKeys(this.#options.crypto, this.suite, this.#master, randoms)
  }

  #secondFlight(): Uint8Array[] {
    const { crypto, editShare, identity } = this.#options
    const { suite, serverHello } = this
    assert(suite !== undefined && serverHello !== undefined)
    const group = (Object.keys(groupIds) as GroupName[]).find((name) => groupIds[name] === this.group)
    assert(group !== undefined)
    const exchange = crypto.keyExchange(group)
    const pair = exchange.keyPair(this.#options.random)
    const premaster = exchange.sharedSecret(pair.privateKey, this.#point)
    assert(premaster !== undefined)
    const share = editShare?.(pair.share) ?? pair.share
    if (this.requested !== undefined) {
      this.certificateMessage = writeHandshake(handshakeType.certificate, (out) =>
        writeTls12Certificate(out, identity?.chain ?? []),
      )
      this.#transcript.push(this.certificateMessage)
    }
    this.keyExchangeMessage = writeHandshake(handshakeType.clientKeyExchange, (out) =>
      writeClientKeyExchange(out, { point: share }),
    )
    this.#transcript.push(this.keyExchangeMessage)
    const randoms = { client: this.random, server: serverHello.random }
    this.#master =
      this.answer(extensionType.extendedMasterSecret) === undefined
        ? masterSecret(crypto, suite.hash, premaster, randoms)
        : extendedMasterSecret(crypto, suite.hash, premaster, hashOf(crypto, suite.hash, this.#transcript))
    this.#keys = recordKeys(crypto, suite, this.#master, randoms)
    if (this.requested !== undefined && identity !== undefined) {
      this.verifyMessage = this.#verify(identity)
      this.#transcript.push(this.verifyMessage)
    }
    this.#makeFinished()
    if (this.holdFlight) return []
    const messages = [this.certificateMessage, this.keyExchangeMessage, this.verifyMessage]
    const plain = messages.flatMap((message) =>
      message === undefined ? [] : [plainRecord(contentType.handshake, message)],
    )
    return [...plain, ...this.finish()]
  }

  #verify({ signingKey }: ServerCredential): Uint8Array {
    const scheme = signingKey.schemes.filter(isTls12Signature).find((name) => {
      return this.requested?.schemes.includes(tls12SchemeIds[name].id)
    })
    assert(scheme !== undefined, 'the server takes no signature of ours')
    const signature = signingKey.sign(scheme, concat(...this.#transcript), this.#options.random)
    const message = { scheme: tls12SchemeIds[scheme].id, signature }
    return writeHandshake(handshakeType.certificateVerify, (out) =>
      writeCertificateVerify(out, this.#options.editSignature?.(message) ?? message),
    )
  }

  #makeFinished(): void {
    const { crypto } = this.#options
    assert(this.suite !== undefined)
    const { hash } = this.suite
    const ours = verifyData(crypto, hash, this.#master, 'client', hashOf(crypto, hash, this.#transcript))
    this.finishedMessage = writeHandshake(handshakeType.finished, (out) => out.raw(ours))
  }

  #onFinished(body: Uint8Array, raw: Uint8Array): Uint8Array[] {
    const { crypto } = this.#options
    assert(this.suite !== undefined && this.#read !== undefined, 'Finished comes protected')
    const { hash } = this.suite
    assert.deepEqual(
      Buffer.from(body),
      Buffer.from(verifyData(crypto, hash, this.#master, 'server', hashOf(crypto, hash, this.#transcript))),
      "the server's Finished is wrong",
    )
    this.#transcript.push(raw)
    this.finished = true
    if (!this.resumed) return []
    this.#makeFinished()
    return this.holdFlight ? [] : this.finish()
  }
}
