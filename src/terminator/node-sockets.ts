import type { AddressInfo, OnReadOpts, SocketConstructorOpts } from 'node:net'
import { connect, createServer, Socket as NetSocket } from 'node:net'
import type { AcceptedSocket, Network, ReadInto, SocketEvents } from './socket.ts'

/** TCP as node:net has it. */
export const nodeNetwork: Network = {
  async listen({ host, port, reusePort, readInto }, events) {
    const server = createServer({ ...options, pauseOnConnect: true }, (accepted) => {
      const socket: NodeSocket = new NodeSocket(
        adopt(
          accepted,
          into(readInto, (bytes) => socket.hear(bytes)),
        ),
      )
      events.onConnection(socket)
    })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port, reusePort, backlog: 1024 }, resolve)
    })
    server.on('error', (error) => events.onFault(error))
    const { port: bound } = server.address() as AddressInfo // it listens on TCP, so the address is no pipe's name
    return { port: bound, close: () => void server.close() }
  },

  dial(to, events, readInto) {
    const socket = connect({ ...to, ...options, ...into(readInto, (bytes) => events.onBytes(bytes)) })
    // Held back until the connection stands, a PROXY header leaves together with the first request, if that is there.
    socket.cork()
    const dialled = new NodeSocket(socket)
    dialled.start(events)
    socket.on('connect', () => {
      socket.uncork()
      events.onConnected()
      dialled.tellOfEarly()
    })
    return dialled
  },
}

/** Has node:net read into a buffer that is there already, and say so without an event. */
function into(buffer: ReadInto, hear: (bytes: Uint8Array) => void): { readonly onread: OnReadOpts } {
  const callback = (length: number, read: Uint8Array): boolean => {
    hear(read.subarray(0, length))
    return true
  }
  return { onread: { buffer, callback } }
}

/**
 * The same connection with `onread`, which node:net offers only to who dials: a socket that was accepted would get 64 KiB of
 * fresh memory for every read. It is paused; a Socket that is made with its handle takes the place of it. That `handle` is
 * no documented option, but the one by which node:net makes its own.
 */
function adopt(accepted: NetSocket, onread: { readonly onread: OnReadOpts }): NetSocket {
  const from = accepted as unknown as { _handle: unknown } // node:net's name for it
  const handle = from._handle
  from._handle = null
  return new NetSocket({ ...options, ...onread, handle } as SocketConstructorOpts)
}

class NodeSocket implements AcceptedSocket {
  readonly #socket: NetSocket
  #events: SocketEvents | undefined

  constructor(socket: NetSocket) {
    this.#socket = socket
    socket.on('error', (error) => this.#events?.onFault(error))
  }

  /** For `onread`. */
  hear(bytes: Uint8Array): void {
    this.#events?.onBytes(bytes)
  }

  start(events: SocketEvents): void {
    this.#events = events
    this.#socket.on('end', () => events.onFin())
    this.#socket.on('close', () => events.onClosed())
  }

  get canWrite(): boolean {
    return this.#socket.writable
  }

  get isClosed(): boolean {
    return this.#socket.closed
  }

  get isPaused(): boolean {
    return this.#socket.isPaused()
  }

  get unsent(): number {
    return this.#socket.writableLength
  }

  get remoteAddress(): string {
    return this.#socket.remoteAddress ?? ''
  }

  get remotePort(): number {
    return this.#socket.remotePort ?? 0
  }

  get localAddress(): string {
    return this.#socket.localAddress ?? ''
  }

  write(bytes: Uint8Array): boolean {
    this.#socket.write(bytes)
    return this.#hasLeft()
  }

  writeAll(parts: readonly Uint8Array[]): boolean {
    if (parts.length > 1) this.#socket.cork()
    for (const part of parts) this.#socket.write(part)
    if (parts.length > 1) this.#socket.uncork()
    return this.#hasLeft()
  }

  /** The connection stands: what was written before that leaves now, or later. */
  tellOfEarly(): void {
    if (this.#hasLeft()) this.#events?.onDrain()
  }

  end(): void {
    // Where nothing is left to read or to write, to close says FIN as well: without a shutdown, and all that Node does for it.
    if (this.#socket.readableEnded && this.unsent === 0) this.#socket.destroy()
    else if (this.unsent === 0) this.#socket.end()
    else this.#socket.end(this.#onLeft())
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  reset(): void {
    this.#socket.resetAndDestroy()
  }

  /** node:net tells of all that leaves late only where that is much; an empty write behind it tells of any. */
  #hasLeft(): boolean {
    if (this.unsent === 0) return true
    if (!this.#socket.connecting && this.canWrite) this.#socket.write(nothing, this.#onLeft())
    return false
  }

  /** One that broke takes nothing, and will never drain. */
  #onLeft(): (error?: Error | null) => void {
    return (error) => {
      if (!error && this.unsent === 0) this.#events?.onDrain()
    }
  }
}

/** Each side ends by itself, and small writes do not wait for each other. */
const options = { allowHalfOpen: true, noDelay: true } as const
const nothing = new Uint8Array(0)
