import type { AcceptedSocket, DialEvents, Network, SocketEvents } from './socket.ts'

/**
 * TCP as Deno has it: sockets of Rust (Tokio), whose every operation is a promise. A read that waits keeps its buffer, so
 * that no two sockets can share one; and nothing here says RST, so that `reset` is no more than `destroy`. SO_REUSEPORT
 * needs `--unstable-net`.
 */
export const denoNetwork: Network = {
  listen({ host, port, reusePort }, events) {
    const listener = Deno.listen({ hostname: host ?? '::', port, reusePort, tcpBacklog: 1024 })
    const closing = new AbortController()
    const acceptNext = (): void => {
      listener
        .accept()
        .then((conn) => events.onConnection(new DenoSocket(conn, false)))
        .catch((error: unknown) => closing.signal.aborted || events.onFault(error))
        .finally(() => closing.signal.aborted || acceptNext())
    }
    acceptNext()
    const close = (): void => {
      closing.abort()
      listener.close()
    }
    return Promise.resolve({ port: listener.addr.port, close })
  },

  dial({ host, port }, events, readInto) {
    const socket = new DenoSocket(undefined, readInto !== undefined)
    socket.dial(host, port, events)
    return socket
  },
}

class DenoSocket implements AcceptedSocket {
  isClosed = false
  isPaused = false
  unsent = 0
  readonly #reusesBuffer: boolean
  readonly #dialling = new AbortController()
  #conn: TcpConn | undefined
  #events: SocketEvents | undefined
  #resumed: (() => void) | undefined
  #queue: Uint8Array[] = []
  #isWriting = false
  #needsDrain = false
  #isEnding = false
  #hasSentFin = false
  #hasSeenFin = false

  constructor(conn: TcpConn | undefined, reusesBuffer: boolean) {
    this.#reusesBuffer = reusesBuffer
    this.#conn = conn
    conn?.setNoDelay()
  }

  start(events: SocketEvents): void {
    this.#events = events
    if (this.#conn !== undefined) void this.#read(this.#conn)
  }

  dial(hostname: string, port: number, events: DialEvents): void {
    this.#events = events
    Deno.connect({ hostname, port, signal: this.#dialling.signal }).then(
      (conn) => {
        if (this.isClosed) return conn.close()
        this.#conn = conn
        conn.setNoDelay()
        events.onConnected()
        this.#flush()
        void this.#read(conn)
      },
      (error: unknown) => this.#fail(error),
    )
  }

  get canWrite(): boolean {
    return !this.isClosed && !this.#isEnding
  }

  get remoteAddress(): string {
    return this.isClosed ? '' : (this.#conn?.remoteAddr.hostname ?? '')
  }

  get remotePort(): number {
    return this.#conn?.remoteAddr.port ?? 0
  }

  get localAddress(): string {
    return this.isClosed ? '' : (this.#conn?.localAddr.hostname ?? '')
  }

  write(bytes: Uint8Array): boolean {
    if (!this.canWrite) return true
    this.#queue.push(bytes)
    this.unsent += bytes.length
    this.#flush()
    this.#needsDrain ||= this.unsent >= mostUnsent
    return !this.#needsDrain
  }

  /** There is no writev: small ones are joined, for each write costs a promise. */
  writeAll(parts: readonly Uint8Array[]): boolean {
    const total = parts.reduce((sum, part) => sum + part.length, 0)
    if (parts.length > 1 && total <= mostJoined) return this.write(concat(parts, total))
    let room = true
    for (const part of parts) room = this.write(part)
    return room
  }

  end(): void {
    this.#isEnding = true
    this.#flush()
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
    this.#resumed?.()
    this.#resumed = undefined
  }

  destroy(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.#queue = []
    this.#dialling.abort()
    this.#conn?.close()
    this.resume()
    queueMicrotask(() => this.#events?.onClosed())
  }

  reset(): void {
    this.destroy()
  }

  async #read(conn: TcpConn): Promise<void> {
    try {
      // Small until much comes, for thousands of idle connections wait with one each.
      let buffer = new Uint8Array(leastRead)
      for (;;) {
        if (this.isPaused) await new Promise<void>((resolve) => (this.#resumed = resolve))
        const length = this.isClosed ? null : await conn.read(buffer)
        if (this.isClosed) return
        if (length === null) break
        this.#events?.onBytes(buffer.subarray(0, length))
        const size = length === buffer.length ? mostRead : length < leastRead ? leastRead : buffer.length
        if (size !== buffer.length || !this.#reusesBuffer) buffer = new Uint8Array(size)
      }
      this.#hasSeenFin = true
      this.#events?.onFin()
      if (this.#hasSentFin) this.destroy()
    } catch (error) {
      this.#fail(error)
    }
  }

  #flush(): void {
    if (this.#isWriting || this.#conn === undefined || this.isClosed) return
    this.#isWriting = true
    this.#writeQueue(this.#conn).then(
      () => this.#onFlushed(),
      (error: unknown) => this.#fail(error),
    )
  }

  #onFlushed(): void {
    this.#isWriting = false
    if (this.#queue.length > 0 || (this.#isEnding && !this.#hasSentFin)) return this.#flush()
    if (!this.#needsDrain || this.isClosed) return
    this.#needsDrain = false
    this.#events?.onDrain()
  }

  async #writeQueue(conn: TcpConn): Promise<void> {
    for (let part = this.#queue.shift(); part !== undefined; part = this.#queue.shift()) {
      for (let sent = 0; sent < part.length;) {
        const length = await conn.write(part.subarray(sent))
        sent += length
        this.unsent -= length
      }
    }
    if (this.#isEnding && !this.#hasSentFin) {
      await conn.closeWrite()
      this.#hasSentFin = true
      if (this.#hasSeenFin) this.destroy()
    }
  }

  #fail(error: unknown): void {
    if (this.isClosed) return
    this.#events?.onFault(error)
    this.destroy()
  }
}

function concat(parts: readonly Uint8Array[], total: number): Uint8Array {
  const joined = new Uint8Array(total)
  let at = 0
  for (const part of parts) {
    joined.set(part, at)
    at += part.length
  }
  return joined
}

const leastRead = 4096
const mostRead = 65_536
const mostUnsent = 65_536
const mostJoined = 131_072

/** Of Deno's own interface, what is used here: its types would bring a second set of everything. */
declare const Deno: {
  listen(options: { hostname: string; port: number; reusePort: boolean; tcpBacklog: number }): TcpListener
  connect(options: { hostname: string; port: number; signal: AbortSignal }): Promise<TcpConn>
}
interface TcpListener {
  readonly addr: NetAddr
  accept(): Promise<TcpConn>
  close(): void
}
interface TcpConn {
  readonly localAddr: NetAddr
  readonly remoteAddr: NetAddr
  read(into: Uint8Array): Promise<number | null>
  write(bytes: Uint8Array): Promise<number>
  closeWrite(): Promise<void>
  close(): void
  setNoDelay(): void
}
interface NetAddr {
  readonly hostname: string
  readonly port: number
}
