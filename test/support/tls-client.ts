import assert from 'node:assert/strict'
import { brotliDecompressSync, inflateSync, zstdDecompressSync } from 'node:zlib'
import { concat } from '../../src/bytes/arrays.ts'
import { Reader } from '../../src/bytes/reader.ts'
import { Writer } from '../../src/bytes/writer.ts'
import type { CryptoProvider, GroupName, KeyPair, PublicKey, SignatureName } from '../../src/crypto/provider.ts'
import { hashLength } from '../../src/crypto/provider.ts'
import {
  earlySecret,
  finishedData,
  nextSecret,
  resumptionSecret,
  ticketPsk,
  trafficKey,
  type TrafficSecrets,
} from '../../src/tls/key-schedule.ts'
import type { ServerCredential } from '../../src/tls/config.ts'
import { Tls13Protection } from '../../src/tls/record/tls13-protection.ts'
import { groupIds, schemeIds, suites, type Suite, type SuiteName } from '../../src/tls/suites.ts'
import { messageHash } from '../../src/tls/transcript.ts'
import { readCertificateRequest } from '../../src/wire/certificate-request.ts'
import { readCertificate, writeCertificate } from '../../src/wire/certificate.ts'
import { readCertificateVerify, writeCertificateVerify } from '../../src/wire/certificate-verify.ts'
import { readClientHello, writeClientHello, type ClientHello } from '../../src/wire/client-hello.ts'
import { alertName, contentType, extensionType, handshakeType } from '../../src/wire/code-points.ts'
import { readCompressedCertificate } from '../../src/wire/compressed-certificate.ts'
import { readExtensions, type Extension } from '../../src/wire/extension.ts'
import { readProtocolNames, writeProtocolNames } from '../../src/wire/extensions/alpn.ts'
import { readServerShare, writeClientShares } from '../../src/wire/extensions/key-share.ts'
import { writeNumbers16, writeNumbers8 } from '../../src/wire/extensions/number-list.ts'
import { bindersLength, writeOfferedPsks } from '../../src/wire/extensions/pre-shared-key.ts'
import { writeServerNames } from '../../src/wire/extensions/server-name.ts'
import { writeHandshake } from '../../src/wire/handshake.ts'
import { readNewSessionTicket, type NewSessionTicket } from '../../src/wire/new-session-ticket.ts'
import { readServerHello, retryRandom } from '../../src/wire/server-hello.ts'

export interface ClientOptions {
  readonly crypto: CryptoProvider
  readonly random: (length: number) => Uint8Array
  readonly suites?: readonly SuiteName[]
  /** Groups offered in supported_groups. */
  readonly groups?: readonly GroupName[]
  /** Groups for which a share is sent at once; left out: the first of `groups`. */
  readonly shares?: readonly GroupName[]
  readonly schemes?: readonly (keyof typeof schemeIds)[]
  /** `undefined`: no server_name. */
  readonly serverName?: string | undefined
  readonly alpn?: readonly string[]
  /** Compatibility mode: a session id of 32 bytes, and a change_cipher_spec (RFC 8446 §D.4). */
  readonly compatible?: boolean
  /** Tickets to resume with, in this order. */
  readonly sessions?: readonly ClientSession[]
  /** What it shows where it is asked who it is; left out: an empty Certificate. */
  readonly identity?: Pick<ServerCredential, 'chain' | 'signingKey'>
  /** The last word on its Certificate and CertificateVerify; its Finished covers whatever this returns. */
  readonly editIdentity?: (messages: readonly Uint8Array[]) => readonly Uint8Array[]
  /** Extensions in front of the usual ones. */
  readonly extra?: readonly Extension[]
  /** The last word on each hello: whatever it returns is sent. `retry` is false for the first. */
  readonly edit?: (hello: ClientHello, retry: boolean) => ClientHello
  /** The last word on a hello whose binders are made. */
  readonly editBound?: (message: Uint8Array, retry: boolean) => Uint8Array
  /** The last word on the extensions alone. */
  readonly editExtensions?: (extensions: readonly Extension[], retry: boolean) => readonly Extension[]
}

/** A ticket, with the key that goes with it. */
export interface ClientSession {
  readonly suite: Suite
  readonly psk: Uint8Array
  readonly message: NewSessionTicket
}

/** What the client heard. */
export type Heard =
  | { readonly type: 'data'; readonly data: Uint8Array }
  | { readonly type: 'alert'; readonly level: number; readonly alert: string; readonly protected: boolean }
  | { readonly type: 'key-update'; readonly request: number }
  | { readonly type: 'change-cipher-spec' }
  | { readonly type: 'retry'; readonly group: number }

/**
 * A TLS 1.3 client for tests: pure and repeatable, and able to misbehave, since every record and message can be made
 * and protected one by one. It believes nothing: the server's signature and Finished are checked.
 *
 *     const client = new TestClient(options)
 *     wire(client.hello())              // records of the first flight
 *     client.receive(bytesOfServer)     // -> `reply`: what a decent client would answer, as separate records
 */
export class TestClient {
  readonly #options: Required<Pick<ClientOptions, 'suites' | 'groups' | 'schemes'>> & ClientOptions
  readonly #pairs = new Map<GroupName, KeyPair>()
  readonly #random: Uint8Array
  readonly sessionId: Uint8Array
  readonly heard: Heard[] = []
  /** Of the server's answers. */
  encryptedExtensions: readonly Extension[] = []
  chain: readonly Uint8Array[] = []
  /** How its Certificate was compressed (RFC 8879 §7.3). */
  compression: number | undefined
  scheme = 0
  suite: Suite | undefined
  /** The extensions of the server's CertificateRequest. */
  requested: readonly Extension[] | undefined
  /** Tickets that the server gave, in order. */
  readonly sessions: ClientSession[] = []
  finished = false
  retried = false
  /** The session that the server took, among those offered. */
  resumed: number | undefined
  #pending = new Uint8Array(0)
  #handshake = new Uint8Array(0)
  #transcript: Uint8Array[] = []
  #secrets: { client: Uint8Array; server: Uint8Array; into: (transcript: Uint8Array) => TrafficSecrets } | undefined
  #traffic: TrafficSecrets | undefined
  #read: Tls13Protection | undefined
  #write: Tls13Protection | undefined

  constructor(options: ClientOptions) {
    this.#options = {
      suites: Object.keys(suites) as SuiteName[],
      groups: ['X25519', 'P-256'],
      schemes: Object.keys(schemeIds) as (keyof typeof schemeIds)[],
      ...options,
    }
    this.#random = options.random(32)
    this.sessionId = options.compatible === false ? new Uint8Array(0) : options.random(32)
    for (const group of options.shares ?? this.#options.groups.slice(0, 1)) this.#makePair(group)
  }

  /** The ClientHello as a message; each call adds it to the transcript. */
  helloMessage(): Uint8Array {
    const hello = this.#edited({
      legacyVersion: 0x0303,
      random: this.#random,
      sessionId: this.sessionId,
      cipherSuites: this.#options.suites.map((name) => suites[name].id),
      compressionMethods: Uint8Array.of(0),
      extensions: this.#extensions(),
    })
    const message = this.#bind(writeHandshake(handshakeType.clientHello, (out) => writeClientHello(out, hello)))
    this.#transcript.push(message)
    return message
  }

  /** Writes the binders, over the zeros that hold their place, where pre_shared_key has as many as there are sessions. */
  #bind(message: Uint8Array): Uint8Array {
    const { sessions = [], crypto } = this.#options
    if (sessions.length === 0) return message
    const last = readClientHello(message.subarray(4)).extensions.at(-1)
    if (last?.type !== extensionType.preSharedKey) return message
    const tail = bindersLength(sessions.map(({ suite }) => new Uint8Array(hashLength[suite.hash])))
    const covered = message.subarray(0, message.length - tail)
    const made = sessions.map(({ suite, psk }) => {
      const hash = crypto.hash(suite.hash)
      for (const heard of this.#transcript) hash.update(heard)
      hash.update(covered)
      return earlySecret(crypto, suite.hash, psk).binder(hash.digest())
    })
    const bound = new Writer()
    bound.raw(covered)
    bound.prefixed16((list) => {
      for (const binder of made) list.prefixed8((out) => out.raw(binder))
    })
    const whole = bound.finish()
    return this.#options.editBound?.(whole, this.retried) ?? whole
  }

  /** The records of a ClientHello. */
  hello(): Uint8Array[] {
    return [plainRecord(contentType.handshake, this.helloMessage())]
  }

  /** Reads the server's bytes; returns what a decent client answers, record by record. */
  receive(bytes: Uint8Array): Uint8Array[] {
    this.#pending = new Uint8Array(concat(this.#pending, bytes))
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

  /** A record under the write key in force, or in the clear while there is none; with `padding` zeros. */
  protect(type: number, content: Uint8Array, padding = 0): Uint8Array {
    if (this.#write === undefined) return plainRecord(type, content)
    if (padding === 0) return this.#write.seal(type, content)
    // seal() puts the type last; with the type as content and zero as type there is padding behind it.
    return this.#write.seal(0, concat(content, Uint8Array.of(type), new Uint8Array(padding - 1)))
  }

  /** The last record a client can send: `inner` as it is, of any length, where our own sealing would refuse. */
  protectInner(inner: Uint8Array): Uint8Array {
    assert(this.#traffic !== undefined && this.suite !== undefined && this.#write !== undefined && this.finished)
    const { key, iv } = trafficKey(this.#options.crypto, this.suite, this.#traffic.client)
    const nonce = iv.map((byte, i) => (i === iv.length - 1 ? byte ^ (this.#write?.count ?? 0) : byte))
    const length = inner.length + 16
    const header = Uint8Array.of(contentType.applicationData, 3, 3, length >> 8, length & 0xff)
    return concat(header, this.#options.crypto.aead(this.suite.aead, key).seal(nonce, header, inner))
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

  /** A KeyUpdate under the old key; the write key changes behind it. */
  keyUpdate(request: number): Uint8Array {
    const message = writeHandshake(handshakeType.keyUpdate, (out) => out.u8(request))
    const record = this.protect(contentType.handshake, message)
    this.nextWriteKey()
    return record
  }

  nextWriteKey(): void {
    assert(this.#traffic !== undefined && this.suite !== undefined)
    const client = nextSecret(this.#options.crypto, this.suite.hash, this.#traffic.client)
    this.#traffic = { ...this.#traffic, client }
    this.#write = new Tls13Protection(this.#options.crypto, this.suite, client)
  }

  /** The application protocol that the server chose. */
  get alpn(): string | undefined {
    const extension = this.encryptedExtensions.find(({ type }) => type === extensionType.alpn)
    return extension === undefined ? undefined : Buffer.from(readProtocolNames(extension.body)[0] ?? []).toString()
  }

  /** True if the CertificateVerify was made by this key. */
  signedBy(key: PublicKey): boolean {
    const name = (Object.keys(schemeIds) as (keyof typeof schemeIds)[]).find((n) => schemeIds[n].id === this.scheme)
    assert(name !== undefined && this.#signed !== undefined)
    return this.#options.crypto.verify(name satisfies SignatureName, key, this.#signed.content, this.#signed.signature)
  }
  #signed: { content: Uint8Array; signature: Uint8Array } | undefined

  #makePair(group: GroupName): void {
    this.#pairs.set(group, this.#options.crypto.keyExchange(group).keyPair(this.#options.random))
  }

  #edited(hello: ClientHello): ClientHello {
    const { edit, editExtensions } = this.#options
    const extensions = editExtensions?.(hello.extensions, this.retried) ?? hello.extensions
    return edit?.({ ...hello, extensions }, this.retried) ?? { ...hello, extensions }
  }

  #extensions(): Extension[] {
    const { serverName = 'shop.example.com', alpn, groups, schemes, extra } = this.#options
    const sendsName = !('serverName' in this.#options) || this.#options.serverName !== undefined
    const name = writeServerNames([{ type: 0, name: Buffer.from(serverName) }])
    const shares = [...this.#pairs].map(([group, { share }]) => ({ group: groupIds[group], share }))
    return [
      ...(extra ?? []),
      ...(sendsName ? [{ type: extensionType.serverName, body: name }] : []),
      { type: extensionType.supportedGroups, body: writeNumbers16(groups.map((group) => groupIds[group])) },
      { type: extensionType.signatureAlgorithms, body: writeNumbers16(schemes.map((scheme) => schemeIds[scheme].id)) },
      ...(alpn === undefined
        ? []
        : [{ type: extensionType.alpn, body: writeProtocolNames(alpn.map((protocol) => Buffer.from(protocol))) }]),
      { type: extensionType.supportedVersions, body: writeNumbers8([0x0304, 0x0303]) },
      { type: extensionType.pskKeyExchangeModes, body: Uint8Array.of(1, 1) },
      { type: extensionType.keyShare, body: writeClientShares(shares) },
      ...this.#offeredPsks(),
    ]
  }

  #offeredPsks(): Extension[] {
    const { sessions = [] } = this.#options
    if (sessions.length === 0) return []
    const body = writeOfferedPsks({
      identities: sessions.map(({ message }) => ({ identity: message.ticket, obfuscatedTicketAge: message.ageAdd })),
      binders: sessions.map(({ suite }) => new Uint8Array(hashLength[suite.hash])),
    })
    return [{ type: extensionType.preSharedKey, body }]
  }

  #onRecord(header: Uint8Array, fragment: Uint8Array): Uint8Array[] {
    const type = header[0] as number
    if (type === contentType.changeCipherSpec) {
      this.heard.push({ type: 'change-cipher-spec' })
      return []
    }
    if (this.#read === undefined || type !== contentType.applicationData) return this.#onContent(type, fragment, false)
    const inner = this.#read.open(header, fragment)
    assert(inner !== undefined, "the server's record does not open")
    return this.#onContent(inner.type, inner.content, true)
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
    this.#handshake = new Uint8Array(concat(this.#handshake, content))
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
    switch (code) {
      case handshakeType.serverHello:
        return this.#onServerHello(body, raw)
      case handshakeType.encryptedExtensions:
        this.encryptedExtensions = readExtensions(new Reader(body))
        break
      case handshakeType.certificateRequest:
        this.requested = readCertificateRequest(body).extensions
        break
      case handshakeType.certificate:
        this.chain = readCertificate(body).entries.map(({ data }) => data)
        break
      case handshakeType.compressedCertificate: {
        const { algorithm, uncompressedLength, compressed } = readCompressedCertificate(body)
        const whole = ({ 1: inflateSync, 2: brotliDecompressSync, 3: zstdDecompressSync } as const)[algorithm as 1](
          compressed,
        )
        assert.equal(whole.length, uncompressedLength)
        this.compression = algorithm
        this.chain = readCertificate(whole).entries.map(({ data }) => data)
        break
      }
      case handshakeType.certificateVerify: {
        const { scheme, signature } = readCertificateVerify(body)
        this.scheme = scheme
        const context = Buffer.from(`${' '.repeat(64)}TLS 1.3, server CertificateVerify\0`, 'latin1')
        this.#signed = { content: concat(context, this.#digest()), signature }
        break
      }
      case handshakeType.finished:
        return this.#onFinished(body, raw)
      case handshakeType.keyUpdate:
        return this.#onKeyUpdate(body)
      case handshakeType.newSessionTicket:
        this.#onTicket(body)
        return []
      default:
        assert.fail(`the server sent message ${code}`)
    }
    this.#transcript.push(raw)
    return []
  }

  #onServerHello(body: Uint8Array, raw: Uint8Array): Uint8Array[] {
    const { random, sessionId, cipherSuite, extensions } = readServerHello(body)
    assert.deepEqual(Buffer.from(sessionId), Buffer.from(this.sessionId), 'the session id is not echoed')
    this.suite = Object.values(suites).find(({ id }) => id === cipherSuite)
    assert(this.suite !== undefined)
    const share = extensions.find(({ type }) => type === extensionType.keyShare)
    assert(share !== undefined)
    if (Buffer.from(random).equals(retryRandom)) return this.#onRetry(share.body, raw, this.suite)

    const entry = readServerShare(share.body)
    const pair = [...this.#pairs].find(([group]) => groupIds[group] === entry.group)
    assert(pair !== undefined, 'the server chose a group without a share')
    const [group, { privateKey }] = pair
    const shared = this.#options.crypto.keyExchange(group).sharedSecret(privateKey, entry.share)
    assert(shared !== undefined)
    this.#transcript.push(raw)
    const selected = extensions.find(({ type }) => type === extensionType.preSharedKey)
    this.resumed = selected && new Reader(selected.body).u16('selected_identity')
    const session = this.resumed === undefined ? undefined : this.#options.sessions?.[this.resumed]
    assert.equal(session === undefined, selected === undefined, 'the server took a session that was not offered')
    const early = earlySecret(this.#options.crypto, this.suite.hash, session?.psk)
    this.#secrets = early.into(shared, this.#digest())
    this.#read = new Tls13Protection(this.#options.crypto, this.suite, this.#secrets.server)
    return []
  }

  #onRetry(share: Uint8Array, raw: Uint8Array, suite: Suite): Uint8Array[] {
    const wanted = new Reader(share).u16('selected_group')
    this.heard.push({ type: 'retry', group: wanted })
    this.retried = true
    const first = this.#transcript[0]
    assert(first !== undefined)
    this.#transcript = [messageHash(this.#options.crypto, suite.hash, first), raw]
    const group = (Object.keys(groupIds) as GroupName[]).find((name) => groupIds[name] === wanted)
    assert(group !== undefined)
    this.#pairs.clear()
    this.#makePair(group)
    const spec = this.sessionId.length > 0 ? [changeCipherSpec] : []
    return [...spec, ...this.hello()]
  }

  #onFinished(body: Uint8Array, raw: Uint8Array): Uint8Array[] {
    const { crypto } = this.#options
    assert(this.#secrets !== undefined && this.suite !== undefined)
    const { hash } = this.suite
    assert.deepEqual(
      Buffer.from(body),
      Buffer.from(finishedData(crypto, hash, this.#secrets.server, this.#digest())),
      "the server's Finished is wrong",
    )
    this.#transcript.push(raw)
    this.#write = new Tls13Protection(crypto, this.suite, this.#secrets.client)
    this.#traffic = this.#secrets.into(this.#digest())
    this.identityMessages = this.#identify()
    const digest = this.#digest()
    this.finishedMessage = writeHandshake(handshakeType.finished, (out) =>
      out.raw(finishedData(crypto, hash, (this.#secrets as { client: Uint8Array }).client, digest)),
    )
    this.#read = new Tls13Protection(crypto, this.suite, this.#traffic.server)
    if (this.holdFinished) return []
    return this.finish()
  }

  /** Certificate and CertificateVerify, where the server asked for them. */
  identityMessages: readonly Uint8Array[] = []

  #identify(): readonly Uint8Array[] {
    if (this.requested === undefined) return []
    const { identity, editIdentity, random } = this.#options
    const certificate = writeHandshake(handshakeType.certificate, (out) => writeCertificate(out, identity?.chain ?? []))
    const messages = [certificate]
    const scheme = identity?.signingKey.schemes.find((name) => name in schemeIds) as keyof typeof schemeIds | undefined
    if (identity !== undefined && scheme !== undefined) {
      const context = Buffer.from(`${' '.repeat(64)}TLS 1.3, client CertificateVerify\0`, 'latin1')
      const hash = this.#options.crypto.hash((this.suite as Suite).hash)
      for (const message of [...this.#transcript, certificate]) hash.update(message)
      const signature = identity.signingKey.sign(scheme, concat(context, hash.digest()), random)
      messages.push(
        writeHandshake(handshakeType.certificateVerify, (out) =>
          writeCertificateVerify(out, { scheme: schemeIds[scheme].id, signature }),
        ),
      )
    }
    const sent = editIdentity?.(messages) ?? messages
    this.#transcript.push(...sent)
    return sent
  }

  /** Our Finished; tests that want to send something else set `holdFinished`, and `finish` later or never. */
  finishedMessage: Uint8Array = new Uint8Array(0)
  holdFinished = false

  /** change_cipher_spec and Finished, as records; afterwards the application keys are in force. */
  finish(message: Uint8Array = this.finishedMessage): Uint8Array[] {
    assert(this.#traffic !== undefined && this.suite !== undefined)
    const records = [...this.identityMessages, message].map((each) => this.protect(contentType.handshake, each))
    this.useTrafficKey()
    this.#transcript.push(message)
    this.finished = true
    return this.sessionId.length > 0 && !this.retried ? [changeCipherSpec, ...records] : records
  }

  /** Puts the application key in force for writing. */
  useTrafficKey(): void {
    assert(this.#traffic !== undefined && this.suite !== undefined)
    this.#write = new Tls13Protection(this.#options.crypto, this.suite, this.#traffic.client)
  }

  #onTicket(body: Uint8Array): void {
    const { crypto } = this.#options
    assert(this.#traffic !== undefined && this.suite !== undefined && this.finished, 'a ticket before Finished')
    const { hash } = this.suite
    const main = this.#traffic.main.slice()
    const secret = resumptionSecret(crypto, hash, main, this.#digest())
    const message = readNewSessionTicket(body)
    this.sessions.push({ suite: this.suite, psk: ticketPsk(crypto, hash, secret, message.nonce), message })
  }

  #onKeyUpdate(body: Uint8Array): Uint8Array[] {
    const request = body[0] as number
    this.heard.push({ type: 'key-update', request })
    assert(this.#traffic !== undefined && this.suite !== undefined)
    const server = nextSecret(this.#options.crypto, this.suite.hash, this.#traffic.server)
    this.#traffic = { ...this.#traffic, server }
    this.#read = new Tls13Protection(this.#options.crypto, this.suite, server)
    return request === 1 ? [this.keyUpdate(0)] : []
  }

  #digest(): Uint8Array {
    assert(this.suite !== undefined)
    const hash = this.#options.crypto.hash(this.suite.hash)
    for (const message of this.#transcript) hash.update(message)
    return hash.digest()
  }
}

export const changeCipherSpec = Uint8Array.of(contentType.changeCipherSpec, 3, 3, 0, 1, 1)

/** A record in the clear. */
export function plainRecord(type: number, content: Uint8Array, legacyVersion = 0x0303): Uint8Array {
  const out = new Writer()
  out.u8(type)
  out.u16(legacyVersion)
  out.prefixed16((body) => body.raw(content))
  return out.finish()
}
