import assert from 'node:assert/strict'
import { concat } from '../../src/bytes/arrays.ts'
import { Reader } from '../../src/bytes/reader.ts'
import { native } from '../../src/crypto/native/provider.ts'
import type { GroupName, SignatureName } from '../../src/crypto/provider.ts'
import { extendedMasterSecret, recordKeys, verifyData, type RecordKeys } from '../../src/tls/tls12/key-schedule.ts'
import { Tls12Protection } from '../../src/tls/tls12/protection.ts'
import { tls12SchemeIds, tls12Suites, type Tls12Suite, type Tls12SuiteName } from '../../src/tls/tls12/suites.ts'
import { groupIds } from '../../src/tls/suites.ts'
import { hashOf } from '../../src/tls/transcript.ts'
import type { ServerCredential } from '../../src/tls/config.ts'
import { readClientHello, type ClientHello } from '../../src/wire/client-hello.ts'
import { alertName, contentType, extensionType, handshakeType } from '../../src/wire/code-points.ts'
import type { Extension } from '../../src/wire/extension.ts'
import { writeHandshake } from '../../src/wire/handshake.ts'
import { writeServerHello, type ServerHello } from '../../src/wire/server-hello.ts'
import { readClientKeyExchange } from '../../src/wire/tls12/client-key-exchange.ts'
import { writeTls12Certificate } from '../../src/wire/tls12/certificate.ts'
import { writeEcdhParams, writeServerKeyExchange } from '../../src/wire/tls12/server-key-exchange.ts'
import { testCredential } from './credentials.ts'
import { seededRandom } from './random.ts'
import { changeCipherSpec, plainRecord } from './tls-client.ts'

/** What a server of TLS 1.2 is to say; left out: what a decent one says. */
export interface Tls12Script {
  readonly suite?: Tls12SuiteName
  readonly group?: GroupName
  readonly credential?: ServerCredential
  readonly scheme?: SignatureName
  /** A share that is none, signed like a good one. */
  readonly share?: Uint8Array
  /** A CertificateRequest. */
  readonly request?: Uint8Array
  /** A NewSessionTicket. */
  readonly ticket?: Uint8Array
  /** The master secret of a session that is taken up by the client's session id. */
  readonly resume?: Uint8Array
  readonly hello?: (hello: ServerHello) => ServerHello
  /** The last word on each message; what it returns is sent instead, and goes into the transcript, as if it were meant. */
  readonly edit?: (message: Uint8Array, type: number) => readonly Uint8Array[]
  /** The last word on the records of each flight. */
  readonly records?: (records: readonly Uint8Array[]) => readonly Uint8Array[]
}

/** The counterpart of ScriptedServer for TLS 1.2. */
export class Tls12ScriptedServer {
  readonly #script: Tls12Script
  readonly #random = seededRandom(5)
  readonly #suite: Tls12Suite
  readonly #group: GroupName
  readonly #credential: ServerCredential
  /** What the client said, record by record, opened. */
  readonly heard: { readonly type: number; readonly content: Uint8Array }[] = []
  /** Handshake messages among it, each with all that was said before. */
  readonly messages: { readonly type: number; readonly body: Uint8Array; readonly before: Uint8Array }[] = []
  hello: ClientHello | undefined
  #serverRandom: Uint8Array
  #privateKey: Uint8Array = new Uint8Array(0)
  #transcript: Uint8Array[] = []
  #master: Uint8Array | undefined
  #keys: { readonly client: RecordKeys; readonly server: RecordKeys } | undefined
  #read: Tls12Protection | undefined
  #write: Tls12Protection | undefined

  constructor(script: Tls12Script = {}) {
    this.#script = script
    this.#suite = tls12Suites[script.suite ?? 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256']
    this.#group = script.group ?? 'X25519'
    this.#credential = script.credential ?? testCredential('ed25519', native)
    this.#serverRandom = this.#random(32)
  }

  receive(records: Uint8Array): Uint8Array[] {
    const from = new Reader(records)
    const answer: Uint8Array[] = []
    while (from.remaining > 0) {
      const header = from.take('header', 5)
      const fragment = from.take('fragment', new Reader(header.subarray(3)).u16('length'))
      answer.push(...this.#onRecord(header, fragment))
    }
    return [...(this.#script.records?.(answer) ?? answer)]
  }

  get alert(): string | undefined {
    const last = this.heard.findLast(({ type }) => type === contentType.alert)
    return last && alertName(last.content[1] as number)
  }

  get text(): string {
    const data = this.heard.filter(({ type }) => type === contentType.applicationData)
    return Buffer.concat(data.map(({ content }) => content)).toString()
  }

  /** A record under the write key in force, or in the clear while there is none. */
  protect(type: number, content: Uint8Array | string): Uint8Array {
    const bytes = Buffer.from(content)
    return this.#write?.seal(type, bytes) ?? plainRecord(type, bytes)
  }

  #onRecord(header: Uint8Array, fragment: Uint8Array): Uint8Array[] {
    const type = header[0] as number
    if (type === contentType.changeCipherSpec) {
      if (this.#keys !== undefined) this.#read = new Tls12Protection(native, this.#keys.client)
      return []
    }
    const opened = this.#read === undefined ? { type, content: fragment } : this.#read.open(header, fragment)
    assert(opened !== undefined, "the client's record does not open")
    this.heard.push(opened)
    return type === contentType.handshake ? this.#onMessages(opened.content) : []
  }

  #onMessages(messages: Uint8Array): Uint8Array[] {
    const from = new Reader(messages)
    const answer: Uint8Array[] = []
    while (from.remaining > 0) {
      const type = from.u8('type')
      const body = from.sub24('body').rest()
      this.messages.push({ type, body, before: concat(...this.#transcript) })
      if (type === handshakeType.finished) answer.push(...this.#onFinished(body))
      this.#transcript.push(writeHandshake(type, (out) => out.raw(body)))
      if (type === handshakeType.clientHello) answer.push(...this.#flight(readClientHello(body)))
      if (type === handshakeType.clientKeyExchange) this.#agree(readClientKeyExchange(body).point)
      if (type === handshakeType.finished && this.#script.resume === undefined) answer.push(...this.#finish())
    }
    return answer
  }

  #flight(hello: ClientHello): Uint8Array[] {
    this.hello = hello
    const resumes = this.#script.resume
    const extensions: Extension[] = [
      { type: extensionType.renegotiationInfo, body: Uint8Array.of(0) },
      { type: extensionType.extendedMasterSecret, body: new Uint8Array(0) },
      ...(this.#script.ticket === undefined ? [] : [{ type: extensionType.sessionTicket, body: new Uint8Array(0) }]),
    ]
    const sessionId = resumes === undefined ? new Uint8Array(0) : hello.sessionId
    const usual = { random: this.#serverRandom, sessionId, cipherSuite: this.#suite.id, extensions }
    const said = this.#script.hello?.(usual) ?? usual
    this.#serverRandom = said.random
    const records = this.#say(writeHandshake(handshakeType.serverHello, (out) => writeServerHello(out, said)))
    if (resumes !== undefined) {
      this.#use(resumes)
      return [...records, ...this.#finish()]
    }
    const { chain, signingKey } = this.#credential
    const scheme = (this.#script.scheme ?? signingKey.schemes[0]) as keyof typeof tls12SchemeIds
    const pair = native.keyExchange(this.#group).keyPair(this.#random)
    const share = this.#script.share ?? pair.share
    this.#privateKey = pair.privateKey
    const group = groupIds[this.#group]
    const signed = concat(hello.random, this.#serverRandom, writeEcdhParams(group, share))
    const exchange = {
      group,
      point: share,
      scheme: tls12SchemeIds[scheme].id,
      signature: signingKey.sign(scheme, signed, this.#random),
    }
    const certificate = writeHandshake(handshakeType.certificate, (out) => writeTls12Certificate(out, chain))
    records.push(...this.#say(certificate))
    const message = writeHandshake(handshakeType.serverKeyExchange, (out) => writeServerKeyExchange(out, exchange))
    records.push(...this.#say(message))
    if (this.#script.request !== undefined) records.push(...this.#say(this.#script.request))
    records.push(...this.#say(writeHandshake(handshakeType.serverHelloDone, () => undefined)))
    return records
  }

  #agree(point: Uint8Array): void {
    const premaster = native.keyExchange(this.#group).sharedSecret(this.#privateKey, point)
    assert(premaster !== undefined)
    const { hash } = this.#suite
    this.#use(extendedMasterSecret(native, hash, premaster, hashOf(native, hash, this.#transcript)))
  }

  #use(master: Uint8Array): void {
    assert(this.hello !== undefined)
    this.#master = master
    const randoms = { client: this.hello.random, server: this.#serverRandom }
    this.#keys = recordKeys(native, this.#suite, master, randoms)
  }

  #onFinished(body: Uint8Array): Uint8Array[] {
    assert.deepEqual(Buffer.from(body), Buffer.from(this.#verify('client')), "the client's Finished is wrong")
    return []
  }

  /** [NewSessionTicket], change_cipher_spec, Finished. */
  #finish(): Uint8Array[] {
    assert(this.#keys !== undefined)
    const records = this.#script.ticket === undefined ? [] : this.#say(this.#script.ticket)
    records.push(changeCipherSpec)
    this.#write = new Tls12Protection(native, this.#keys.server)
    const data = this.#verify('server')
    records.push(...this.#say(writeHandshake(handshakeType.finished, (out) => out.raw(data))))
    return records
  }

  #verify(sender: 'client' | 'server'): Uint8Array {
    assert(this.#master !== undefined)
    const { hash } = this.#suite
    return verifyData(native, hash, this.#master, sender, hashOf(native, hash, this.#transcript))
  }

  #say(message: Uint8Array): Uint8Array[] {
    const messages = this.#script.edit?.(message, message[0] as number) ?? [message]
    this.#transcript.push(...messages)
    return messages.map((bytes) => this.protect(contentType.handshake, bytes))
  }
}
