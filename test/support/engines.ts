/** Engines that no TLS has: what a session does when one breaks, or never stops talking. */
import { PassThrough } from '../../src/terminator/engine.ts'

export class Broken extends PassThrough {
  override receive(): never {
    throw new Error('a bug')
  }
}

/** Answers every byte by a thousand, as one could be made to with KeyUpdates. */
export class Chatty extends PassThrough {
  override receive(bytes: Uint8Array) {
    for (const _ of bytes) this.send(new Uint8Array(1000))
    return []
  }
}
