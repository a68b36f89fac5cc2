/**
 * What the terminator asks of TCP, in the words of no runtime: node-sockets.ts answers with Node's. Nothing here makes an
 * object for a read or a write. Events are told to one object for a socket's whole life, and never before the call that
 * begins it has returned.
 */

/** Whoever listens and dials. */
export interface Network {
  /** Resolves when the port is ours, and rejects where it cannot be. */
  listen(where: ListenOptions, events: ListenEvents): Promise<ListeningPort>
  /** What is written before the connection stands is kept for it. Throws where no such address can be. */
  dial(to: { readonly host: string; readonly port: number }, events: DialEvents, readInto: ReadInto): Socket
}

export interface ListenOptions {
  /** Undefined: every address of both families. */
  readonly host: string | undefined
  /** 0: any that is free. */
  readonly port: number
  /** Several threads on one port. */
  readonly reusePort: boolean
  /** Where the bytes of all accepted connections are read into. */
  readonly readInto: ReadInto
}

/** Asked anew behind each read, where the next one goes: how long that is says how much is read at once. */
export type ReadInto = () => Uint8Array

export interface ListenEvents {
  onConnection(socket: AcceptedSocket): void
  /** A connection is lost (out of file descriptors, say); the port is not. */
  onFault(error: unknown): void
}

export interface ListeningPort {
  readonly port: number
  /** Accepts no more; open connections go on. */
  close(): void
}

export interface Socket {
  /** Neither ended by us, nor closed. */
  readonly canWrite: boolean
  /** Both ends are done, or one broke; `onClosed` has come, or is about to. */
  readonly isClosed: boolean
  readonly isPaused: boolean
  /** Bytes that were written and have not left yet. Where there are none, all that was written is the caller's again. */
  readonly unsent: number
  /** Of these, '' where the connection is gone. */
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localAddress: string
  /**
   * The bytes are the socket's until they have left. True where all have; else it should get no more before `onDrain`,
   * which comes when they have.
   */
  write(bytes: Uint8Array): boolean
  /** The same for several, in as few packets as they fit into. */
  writeAll(parts: readonly Uint8Array[]): boolean
  /** FIN, behind all that was written. We may go on reading. */
  end(): void
  pause(): void
  resume(): void
  /** Closes at once; what has not left may be lost. */
  destroy(): void
  /** The same by RST, which nobody can take for a clean end. */
  reset(): void
}

/** It reads nothing before somebody is there to hear it. */
export interface AcceptedSocket extends Socket {
  start(events: SocketEvents): void
}

export interface SocketEvents {
  /** The bytes lie in what the socket reads into, and only until this returns. */
  onBytes(bytes: Uint8Array): void
  /** The peer sends no more. */
  onFin(): void
  /** All has left, where it did not at once. */
  onDrain(): void
  /** The connection broke, or never came about; `onClosed` follows. */
  onFault(error: unknown): void
  /** The last one. */
  onClosed(): void
}

export interface DialEvents extends SocketEvents {
  onConnected(): void
}
