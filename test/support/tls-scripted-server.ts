import assert from 'node:assert/strict'
import { concat } from '../../src/bytes/arrays.ts'
import { Reader } from '../../src/bytes/reader.ts'
import { native } from '../../src/crypto/native/provider.ts'
import type { GroupName } from '../../src/crypto/provider.ts'
import type { ClientConfig } from '../../src/tls/client/config.ts'
import { ClientConnection } from '../../src/tls/client/connection.ts'
import type { ConnectionEvent } from '../../src/tls/events.ts'
import type { ServerCredential } from '../../src/tls/config.ts'
import {
  earlySecret,
  finishedData,
  nextSecret,
  type HandshakeSecret,
  type TrafficSecrets,
} from '../../src/tls/key-schedule.ts'
import { Tls13Protection } from '../../src/tls/record/tls13-protection.ts'
import { signedContent } from '../../src/tls/signed-content.ts'
import { groupIds, isHandshakeSignature, schemeIds, suites, type Suite, type SuiteName } from '../../src/tls/suites.ts'
import { messageHash, Transcript } from '../../src/tls/transcript.ts'
import { writeCertificateVerify } from '../../src/wire/certificate-verify.ts'
import { writeCertificate } from '../../src/wire/certificate.ts'
import { readClientHello, type ClientHello } from '../../src/wire/client-hello.ts'
import { alertName, contentType, extensionType, handshakeType, version } from '../../src/wire/code-points.ts'
import { writeEncryptedExtensions } from '../../src/wire/encrypted-extensions.ts'
import type { Extension } from '../../src/wire/extension.ts'
import { readClientShares, writeServerShare } from '../../src/wire/extensions/key-share.ts'
import { writeNumber } from '../../src/wire/extensions/number-list.ts'
import { writeHandshake } from '../../src/wire/handshake.ts'
import { retryRandom, writeServerHello, type ServerHello } from '../../src/wire/server-hello.ts'
import { testCredential } from './credentials.ts'
import { seededRandom } from './random.ts'
import { changeCipherSpec, plainRecord } from './tls-client.ts'
import { clientConfig } from './tls-pair.ts'

/** What a server is to say; left out: what a decent one says. */
export interface Script {
  readonly suite?: SuiteName
  readonly group?: GroupName
  readonly credential?: ServerCredential
  /** Extensions of a HelloRetryRequest that is sent first. */
  readonly retry?: readonly Extension[]
  /** The last word on each ServerHello; `retry` is true for a HelloRetryRequest. */
  readonly hello?: (hello: ServerHello, retry: boolean) => ServerHello
  readonly encryptedExtensions?: readonly Extension[]
  /** What the key schedule begins with; left out: nothing. */
  readonly psk?: Uint8Array
  /** A message between EncryptedExtensions and Certificate. */
  readonly request?: Uint8Array
  /** Records between EncryptedExtensions and what follows. */
  readonly interlude?: (server: ScriptedServer) => readonly Uint8Array[]
  /**
   * The last word on each message: what it returns is sent instead, and goes into the transcript, as if the server meant
   * it. So a signature or a Finished behind it is right for what was really said.
   */
  readonly edit?: (message: Uint8Array, type: number) => readonly Uint8Array[]
}

/**
 * A TLS 1.3 server for tests that does as it is told, for provoking a client: every message can be changed, doubled, left
 * out or followed by another, and the rest is built on what was really said.
 */
export class ScriptedServer {
  readonly #script: Script
  readonly #random = seededRandom(5)
  readonly #suite: Suite
  readonly #group: GroupName
  readonly #credential: ServerCredential
  /** What the client said under protection, record by record, and its alerts wherever they came. */
  readonly heard: { readonly type: number; readonly content: Uint8Array }[] = []
  /** Handshake messages among it, each with the transcript's hash before it. */
  readonly clientMessages: { readonly type: number; readonly body: Uint8Array; readonly before: Uint8Array }[] = []
  /** The client's hellos. */
  readonly hellos: ClientHello[] = []
  #transcript: Transcript
  #handshake: HandshakeSecret | undefined
  #traffic: TrafficSecrets | undefined
  #read: Tls13Protection | undefined
  #write: Tls13Protection | undefined

  constructor(script: Script = {}) {
    this.#script = script
    this.#suite = suites[script.suite ?? 'TLS_AES_128_GCM_SHA256']
    this.#group = script.group ?? 'X25519'
    this.#credential = script.credential ?? testCredential('ed25519', native)
    this.#transcript = new Transcript(native, this.#suite.hash)
  }

  /** Takes whole records of the client, and returns the server's flight where it is its turn. */
  receive(records: Uint8Array): Uint8Array[] {
    const from = new Reader(records)
    const flight: Uint8Array[] = []
    while (from.remaining > 0) {
      const header = from.take('header', 5)
      const type = header[0] as number
      const fragment = from.take('fragment', new Reader(header.subarray(3)).u16('length'))
      if (type === contentType.handshake) flight.push(...this.#onHello(fragment))
      else if (type === contentType.alert) this.heard.push({ type, content: fragment })
      else if (type === contentType.applicationData) this.#onProtected(header, fragment)
      else assert.deepEqual([type, ...fragment], [contentType.changeCipherSpec, 1])
    }
    return flight
  }

  /** The last alert that the client sent, by name. */
  get alert(): string | undefined {
    const last = this.heard.findLast(({ type }) => type === contentType.alert)
    return last && alertName(last.content[1] as number)
  }

  /** Application data that the client sent, as text. */
  get text(): string {
    const data = this.heard.filter(({ type }) => type === contentType.applicationData)
    return Buffer.concat(data.map(({ content }) => content)).toString()
  }

  /** A record under the write key in force, or in the clear while there is none. */
  protect(type: number, content: Uint8Array | string): Uint8Array {
    const bytes = Buffer.from(content)
    return this.#write?.seal(type, bytes) ?? plainRecord(type, bytes)
  }

  /** A KeyUpdate under the old key; the write key changes behind it. */
  keyUpdate(request: number): Uint8Array {
    const record = this.protect(
      contentType.handshake,
      writeHandshake(handshakeType.keyUpdate, (out) => out.u8(request)),
    )
    assert(this.#traffic !== undefined)
    this.#traffic = { ...this.#traffic, server: nextSecret(native, this.#suite.hash, this.#traffic.server) }
    this.#write = new Tls13Protection(native, this.#suite, this.#traffic.server)
    return record
  }

  #onHello(message: Uint8Array): Uint8Array[] {
    const hello = readClientHello(message.subarray(4))
    this.hellos.push(hello)
    if (this.#script.retry !== undefined && this.hellos.length === 1) return this.#retry(message, this.#script.retry)
    this.#transcript.add(message)
    return this.#flight(hello)
  }

  #retry(message: Uint8Array, extensions: readonly Extension[]): Uint8Array[] {
    this.#transcript.add(messageHash(native, this.#suite.hash, message))
    return [...this.#serverHello(retryRandom, extensions, true), changeCipherSpec]
  }

  #flight(hello: ClientHello): Uint8Array[] {
    const { hash } = this.#suite
    const shares = readClientShares(hello.extensions.find(({ type }) => type === extensionType.keyShare)?.body ?? none)
    const theirs = shares.find(({ group }) => group === groupIds[this.#group])
    const exchange = native.keyExchange(this.#group)
    const pair = exchange.keyPair(this.#random)
    const shared = (theirs && exchange.sharedSecret(pair.privateKey, theirs.share)) ?? new Uint8Array(32)
    const records = this.#serverHello(
      this.#random(32),
      [
        { type: extensionType.keyShare, body: writeServerShare({ group: groupIds[this.#group], share: pair.share }) },
        { type: extensionType.supportedVersions, body: writeNumber(version.tls13) },
      ],
      false,
    )
    this.#handshake = earlySecret(native, hash, this.#script.psk).into(shared, this.#transcript.digest())
    this.#write = new Tls13Protection(native, this.#suite, this.#handshake.server)
    this.#read = new Tls13Protection(native, this.#suite, this.#handshake.client)
    records.push(changeCipherSpec)

    const { encryptedExtensions = [], request } = this.#script
    const { chain, signingKey } = this.#credential
    const [scheme] = signingKey.schemes
    assert(scheme !== undefined && isHandshakeSignature(scheme))
    const say = (type: number, body: Parameters<typeof writeHandshake>[1]): void => {
      records.push(...this.#say(writeHandshake(type, body)))
    }
    say(handshakeType.encryptedExtensions, (out) => writeEncryptedExtensions(out, encryptedExtensions))
    records.push(...(this.#script.interlude?.(this) ?? []))
    if (request !== undefined) records.push(...this.#say(request))
    say(handshakeType.certificate, (out) => writeCertificate(out, chain))
    const content = signedContent('server', this.#transcript.digest())
    const signature = signingKey.sign(scheme, content, this.#random)
    say(handshakeType.certificateVerify, (out) =>
      writeCertificateVerify(out, { scheme: schemeIds[scheme].id, signature }),
    )
    const verifyData = finishedData(native, hash, this.#handshake.server, this.#transcript.digest())
    say(handshakeType.finished, (out) => out.raw(verifyData))
    this.#traffic = this.#handshake.into(this.#transcript.digest())
    return records
  }

  #serverHello(random: Uint8Array, extensions: readonly Extension[], retry: boolean): Uint8Array[] {
    const { sessionId } = this.hellos[0] as ClientHello
    const usual: ServerHello = { random, sessionId, cipherSuite: this.#suite.id, extensions }
    const hello = this.#script.hello?.(usual, retry) ?? usual
    return this.#say(writeHandshake(handshakeType.serverHello, (out) => writeServerHello(out, hello)))
  }

  #say(message: Uint8Array): Uint8Array[] {
    const messages = this.#script.edit?.(message, message[0] as number) ?? [message]
    for (const bytes of messages) this.#transcript.add(bytes)
    return messages.map((bytes) => this.protect(contentType.handshake, bytes))
  }

  #onProtected(header: Uint8Array, fragment: Uint8Array): void {
    const inner = this.#read?.open(header, fragment)
    assert(inner !== undefined, "the client's record does not open")
    this.heard.push(inner)
    if (inner.type === contentType.handshake) this.#onClientMessages(inner.content)
  }

  /** Certificate, CertificateVerify, Finished: the last has to be right, and then the application keys are in force. */
  #onClientMessages(messages: Uint8Array): void {
    const from = new Reader(messages)
    while (from.remaining > 0) {
      const type = from.u8('type')
      const body = from.sub24('body').rest()
      this.clientMessages.push({ type, body, before: this.#transcript.digest() })
      if (type === handshakeType.keyUpdate) {
        this.#useNextReadKey()
        continue
      }
      if (type !== handshakeType.finished) {
        this.#transcript.add(writeHandshake(type, (out) => out.raw(body)))
        continue
      }
      assert(this.#handshake !== undefined && this.#traffic !== undefined)
      const expected = finishedData(native, this.#suite.hash, this.#handshake.client, this.#transcript.digest())
      assert.deepEqual(Buffer.from(body), Buffer.from(expected), "the client's Finished is wrong")
      this.#read = new Tls13Protection(native, this.#suite, this.#traffic.client)
      this.#write = new Tls13Protection(native, this.#suite, this.#traffic.server)
    }
  }

  #useNextReadKey(): void {
    assert(this.#traffic !== undefined)
    this.#traffic = { ...this.#traffic, client: nextSecret(native, this.#suite.hash, this.#traffic.client) }
    this.#read = new Tls13Protection(native, this.#suite, this.#traffic.client)
  }
}

/** Hands flights to and fro until both sides have nothing more to say. */
export function meet(
  server: Pick<ScriptedServer, 'receive'>,
  overrides: Partial<ClientConfig> = {},
): { readonly client: ClientConnection; readonly events: ConnectionEvent[] } {
  const client = new ClientConnection(clientConfig(overrides))
  const events: ConnectionEvent[] = []
  for (let output = client.takeOutput(); output.length > 0; output = client.takeOutput())
    events.push(...client.receive(concat(...server.receive(concat(...output)))))
  return { client, events }
}

const none = Uint8Array.of(0, 0)
