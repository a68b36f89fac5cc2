import type { AddressInfo, Socket as NetSocket } from 'node:net'
import { connect, createServer } from 'node:net'
import type { AcceptedSocket, Network, SocketEvents } from './socket.ts'

/** TCP as node:net has it. */
export const nodeNetwork: Network = {
  async listen({ host, port, reusePort }, events) {
    const server = createServer(options, (socket) => events.onConnection(new NodeSocket(socket)))
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host, port, reusePort, backlog: 1024 }, resolve)
    })
    server.on('error', (error) => events.onFault(error))
    const { port: bound } = server.address() as AddressInfo // it listens on TCP, so the address is no pipe's name
    return { port: bound, close: () => void server.close() }
  },

  dial(to, events, buffer) {
    const callback = (length: number): boolean => {
      if (buffer !== undefined) events.onBytes(buffer.subarray(0, length))
      return true
    }
    const socket = connect({ ...to, ...options, ...(buffer && { onread: { buffer, callback } }) })
    socket.on('connect', () => events.onConnected())
    const dialled = new NodeSocket(socket)
    dialled.start(events)
    return dialled
  },
}

class NodeSocket implements AcceptedSocket {
  readonly #socket: NetSocket
  #events: SocketEvents | undefined

  constructor(socket: NetSocket) {
    this.#socket = socket
    socket.on('error', (error) => this.#events?.onFault(error))
  }

  start(events: SocketEvents): void {
    this.#events = events
    this.#socket.on('data', (bytes) => events.onBytes(bytes)) // never, where there is an `onread`
    this.#socket.on('end', () => events.onFin())
    this.#socket.on('drain', () => events.onDrain())
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
    return this.#socket.write(bytes)
  }

  writeAll(parts: readonly Uint8Array[]): boolean {
    if (parts.length > 1) this.#socket.cork()
    let room = true
    for (const part of parts) room = this.#socket.write(part)
    if (parts.length > 1) this.#socket.uncork()
    // Where the kernel took everything at once, no 'drain' will come.
    return room || !this.#socket.writableNeedDrain
  }

  end(): void {
    this.#socket.end()
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
}

/** Each side ends by itself, and small writes do not wait for each other. */
const options = { allowHalfOpen: true, noDelay: true } as const
