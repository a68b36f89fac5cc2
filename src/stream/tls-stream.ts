import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { Verdict } from '../tls/config.ts'
import type { ConnectionEvent, ConnectionFailed, HandshakeComplete } from '../tls/events.ts'
import { peerCertificate, type PeerCertificate } from './peer-certificate.ts'
import { TlsError } from './tls-error.ts'

/** An engine of either side. */
export interface Engine {
  readonly canSend: boolean
  receive(bytes: Uint8Array): ConnectionEvent[]
  send(plaintext: Uint8Array): void
  close(): void
  takeOutput(): Uint8Array[]
  destroy(): void
  /** A server's, where clients are asked who they are. */
  answer?(verdict: Verdict): ConnectionEvent[]
}

/** What TLS runs over: any byte stream. What a socket has beside (addresses, timeouts) is passed on where it is there. */
export type Transport = Duplex & Partial<Pick<Socket, (typeof socketMethods)[number] | (typeof socketFacts)[number]>>

export interface StreamOptions {
  /** The handshake has to be over in this time; left out: two minutes, as in node:tls. */
  readonly handshakeTimeoutMs?: number
  /** Left out: false, as in node:tls: when the peer closes its side, ours closes too. */
  readonly allowHalfOpen?: boolean
}

/** One side of TLS, for a stream to drive. */
export interface Side {
  readonly engine: Engine
  /** Why a peer that completed the handshake is not to be believed all the same; undefined: it is. */
  readonly doubt: (complete: HandshakeComplete) => string | undefined
  /** What becomes of a client's certificates; left out where none is asked for. */
  readonly judge?: (chain: readonly Uint8Array[]) => Verdict
}

/**
 * TLS over a transport, as a stream of plaintext. It looks like a `tls.TLSSocket`, as far as that looks at TLS: the event
 * `secureConnect`, `alpnProtocol`, `servername`, `authorized`, `getProtocol()`, `getCipher()`, `getEphemeralKeyInfo()`, `getPeerCertificate()`.
 * Made by `connect` and `serve` of tls.ts. A client gets the event `session` for each that it may bring back.
 *
 * What is written before the handshake is over waits for it. A reader that is slow stops the transport; a transport that
 * is slow stops the writer. `end()` sends close_notify; the readable side ends with the peer's. Everything else that ends
 * it is an error: a TlsError where TLS went wrong, the transport's own where that did.
 */
export class TlsStream extends Duplex {
  readonly encrypted = true
  readonly #transport: Transport
  readonly #engine: Engine
  readonly #side: Side
  readonly #deadline: NodeJS.Timeout
  #complete: HandshakeComplete | undefined
  #peerClosed = false
  /** Whoever reads here can take more. */
  #isWanted = true
  /** What goes on once the handshake is over, or the transport has drained. */
  #blocked: { readonly until: 'secure' | 'drain'; readonly resume: (error?: Error) => void } | undefined

  constructor(
    transport: Transport,
    side: Side,
    { handshakeTimeoutMs = 120_000, allowHalfOpen = false }: StreamOptions = {},
  ) {
    super({ allowHalfOpen })
    this.#transport = transport
    this.#engine = side.engine
    this.#side = side
    this.#deadline = setTimeout(() => this.#giveUp(`no handshake within ${handshakeTimeoutMs} ms`), handshakeTimeoutMs)
    transport.on('data', (bytes: Uint8Array) => this.#receive(bytes))
    transport.on('drain', () => this.#onDrain())
    transport.on('end', () => this.#onTransportEnd())
    transport.on('error', (error: Error) => this.destroy(error))
    transport.on('close', () => this.#onTransportEnd())
    transport.on('timeout', () => this.emit('timeout'))
    this.#flush()
  }

  /** The protocol that was agreed on; false where none was; null before the handshake is over. */
  get alpnProtocol(): string | false | null {
    return this.#complete === undefined ? null : (this.#complete.alpn ?? false)
  }

  /** The host name that the client asked for; false where it asked for none; null before the handshake is over. */
  get servername(): string | false | null {
    return this.#complete === undefined ? null : (this.#complete.serverName ?? false)
  }

  /** Whether the peer's certificate was verified; `authorizationError` says why not. */
  get authorized(): boolean {
    return this.#complete !== undefined && this.authorizationError === undefined
  }

  get authorizationError(): string | undefined {
    return this.#complete && this.#side.doubt(this.#complete)
  }

  /** Whether the handshake resumed a session, so that no certificate came. */
  isSessionReused(): boolean {
    return this.#complete?.resumed ?? false
  }

  /** `TLSv1.3`, or null before the handshake is over. */
  getProtocol(): string | null {
    return this.#complete?.version ?? null
  }

  /** The suite, by its name in the standard. */
  getCipher(): { readonly name: string; readonly standardName: string; readonly version: string } | undefined {
    if (this.#complete === undefined) return undefined
    const { suite, version } = this.#complete
    return { name: suite, standardName: suite, version }
  }

  /** The group of the key exchange; undefined where there was none, as in a session of TLS 1.2 that is resumed. */
  getEphemeralKeyInfo(): { readonly name: string } | undefined {
    const name = this.#complete?.group
    return name === undefined ? undefined : { name }
  }

  /** The peer's leaf, with the rest of its chain; undefined where it showed none. */
  getPeerCertificate(): PeerCertificate | undefined {
    const chain = this.#complete?.peerChain
    return chain && peerCertificate(chain)
  }

  get remoteAddress(): string | undefined {
    return this.#transport.remoteAddress
  }

  get remotePort(): number | undefined {
    return this.#transport.remotePort
  }

  get remoteFamily(): string | undefined {
    return this.#transport.remoteFamily
  }

  get localAddress(): string | undefined {
    return this.#transport.localAddress
  }

  get localPort(): number | undefined {
    return this.#transport.localPort
  }

  setTimeout(timeoutMs: number, listener?: () => void): this {
    this.#transport.setTimeout?.(timeoutMs)
    if (listener !== undefined) this.once('timeout', listener)
    return this
  }

  setNoDelay(noDelay?: boolean): this {
    this.#transport.setNoDelay?.(noDelay)
    return this
  }

  setKeepAlive(enable?: boolean, initialDelayMs?: number): this {
    this.#transport.setKeepAlive?.(enable, initialDelayMs)
    return this
  }

  ref(): this {
    this.#transport.ref?.()
    return this
  }

  unref(): this {
    this.#transport.unref?.()
    return this
  }

  /** Writes what is left, closes our side, and then lets go of the other. */
  destroySoon(): void {
    if (this.writableFinished) this.destroy()
    else this.end(() => this.destroy())
  }

  override _read(): void {
    this.#isWanted = true
    this.#steer()
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, done: Done): void {
    this.#send(chunk, done)
  }

  override _writev(chunks: readonly { readonly chunk: Uint8Array }[], done: Done): void {
    this.#send(Buffer.concat(chunks.map(({ chunk }) => chunk)), done)
  }

  override _final(done: Done): void {
    if (this.#complete === undefined) return this.#block('secure', (error) => (error ? done(error) : this._final(done)))
    this.#engine.close()
    this.#flush()
    if (this.#transport.writable) this.#transport.end(() => done())
    else done()
  }

  override _destroy(error: Error | null, done: Done): void {
    clearTimeout(this.#deadline)
    this.#engine.destroy()
    // An error takes its stack down, which nobody reads where nobody waits.
    if (this.#blocked !== undefined)
      this.#resume(error ?? new TlsError('ERR_TLS_TRUNCATED', 'the stream was destroyed before all was written'))
    // The peer should hear the alert that is on its way; nobody else is waited for.
    if (error instanceof TlsError && this.#transport.writable) this.#transport.end(() => this.#transport.destroy())
    else this.#transport.destroy()
    done(error)
  }

  #receive(bytes: Uint8Array): void {
    this.#follow(this.#engine.receive(bytes))
    this.#steer()
  }

  #onDrain(): void {
    this.#unblock('drain')
    this.#steer()
  }

  /** Reads from the peer exactly while there is room for what it says, and for what we have to answer. */
  #steer(): void {
    // A peer can make the engine answer (KeyUpdate) without ever reading: then it has to wait as well.
    if (this.#isWanted && this.#transport.writableLength <= mostUnread) this.#transport.resume()
    else this.#transport.pause()
  }

  #follow(events: readonly ConnectionEvent[]): void {
    this.#flush()
    for (const event of events) {
      if (this.destroyed) return
      this.#on(event)
    }
  }

  #on(event: ConnectionEvent): void {
    switch (event.type) {
      case 'verify-client-certificate':
        return this.#judge(event.chain)
      case 'handshake-complete':
        clearTimeout(this.#deadline)
        this.#complete = event
        this.emit('secureConnect')
        return this.#unblock('secure')
      case 'application-data':
        if (!this.push(event.data)) this.#isWanted = false
        return
      case 'peer-closed':
        this.#peerClosed = true
        if (this.#complete === undefined) return this.#giveUp('the peer closed the connection during the handshake')
        this.push(null)
        return
      case 'session':
        this.emit('session', event.session)
        return
      case 'failed':
        this.destroy(errorOf(event))
    }
  }

  #judge(chain: readonly Uint8Array[]): void {
    const verdict = this.#side.judge?.(chain)
    if (verdict === undefined) throw new Error('a client showed a certificate, and nobody here judges them')
    this.#follow(this.#engine.answer?.(verdict) ?? [])
  }

  #onTransportEnd(): void {
    if (this.destroyed) return
    if (this.#complete === undefined) return this.#giveUp('the connection ended during the handshake')
    if (!this.#peerClosed)
      this.destroy(new TlsError('ERR_TLS_TRUNCATED', 'the connection ended without a close_notify'))
  }

  #giveUp(why: string): void {
    this.destroy(new TlsError('ERR_TLS_HANDSHAKE', why))
  }

  /** Piece by piece, so that a great chunk is not all encrypted before the first byte of it has left. */
  #send(rest: Uint8Array, done: Done): void {
    if (this.#complete === undefined)
      return this.#block('secure', (error) => (error ? done(error) : this.#send(rest, done)))
    for (let at = 0; at < rest.length; at += pieceLength) {
      if (!this.#engine.canSend || !this.#transport.writable)
        return done(new TlsError('ERR_TLS_TRUNCATED', 'the connection ended before all was written'))
      this.#engine.send(rest.subarray(at, at + pieceLength))
      if (this.#flush()) continue
      const more = rest.subarray(at + pieceLength)
      return this.#block('drain', (error) => (error ? done(error) : this.#send(more, done)))
    }
    done()
  }

  /** Whether the transport takes more. */
  #flush(): boolean {
    const records = this.#engine.takeOutput()
    if (this.#transport.writable && records.length > 0) {
      this.#transport.cork()
      for (const record of records) this.#transport.write(record)
      this.#transport.uncork()
    }
    return !this.#transport.writableNeedDrain
  }

  #block(until: 'secure' | 'drain', resume: (error?: Error) => void): void {
    this.#blocked = { until, resume }
  }

  #unblock(what: 'secure' | 'drain'): void {
    if (this.#blocked?.until === what) this.#resume()
  }

  #resume(error?: Error): void {
    const blocked = this.#blocked
    this.#blocked = undefined
    blocked?.resume(error)
  }
}

type Done = (error?: Error | null) => void

function errorOf({ by, alert, reason, detail }: ConnectionFailed): TlsError {
  if (by === 'received') return new TlsError('ERR_TLS_ALERT', `the peer sent the alert ${alert}`, { alert })
  const why = detail === undefined ? reason : `${reason}: ${detail}`
  return new TlsError('ERR_TLS_FAULT', `the peer was sent the alert ${alert}, for ${why}`, { alert, reason })
}

/** Some records' worth: enough to fill a socket, little enough to hold. */
const pieceLength = 65_536
/** More than what is written here ever puts there, piece by piece, so that only the engine's own answers reach it. */
const mostUnread = 4 * pieceLength

const socketMethods = ['setTimeout', 'setNoDelay', 'setKeepAlive', 'ref', 'unref'] as const
const socketFacts = ['remoteAddress', 'remotePort', 'remoteFamily', 'localAddress', 'localPort'] as const
