/** Ways to change what a scripted server says. */
import { concat } from '../../../src/bytes/arrays.ts'
import { Writer } from '../../../src/bytes/writer.ts'
import type { Extension } from '../../../src/wire/extension.ts'
import { writeHandshake } from '../../../src/wire/handshake.ts'
import type { ServerHello } from '../../../src/wire/server-hello.ts'

export type HelloEdit = (hello: ServerHello) => ServerHello
/** What is sent instead of a message. */
export type MessageEdit = (message: Uint8Array, type: number) => readonly Uint8Array[]

export function without(type: number): HelloEdit {
  return (hello) => ({ ...hello, extensions: hello.extensions.filter((extension) => extension.type !== type) })
}

export function replacing(type: number, body: Uint8Array): HelloEdit {
  return (hello) => ({
    ...hello,
    extensions: hello.extensions.map((extension) => (extension.type === type ? { type, body } : extension)),
  })
}

export function adding(extension: Extension): HelloEdit {
  return (hello) => ({ ...hello, extensions: [...hello.extensions, extension] })
}

export function doubling(type: number): HelloEdit {
  return (hello) => {
    const again = hello.extensions.filter((extension) => extension.type === type)
    return { ...hello, extensions: [...hello.extensions, ...again] }
  }
}

/** Bytes of one message, counted from its first, put in the place of what was there. */
export function patched(type: number, at: number, ...values: readonly number[]): MessageEdit {
  return (message, found) => {
    if (found !== type) return [message]
    const changed = message.slice()
    changed.set(values, at)
    return [changed]
  }
}

export function replacingMessage(type: number, change: (body: Uint8Array) => Uint8Array): MessageEdit {
  return (message, found) =>
    found === type ? [writeHandshake(type, (out) => out.raw(change(message.slice(4))))] : [message]
}

export function twice(type: number): MessageEdit {
  return (message, found) => (found === type ? [message, message] : [message])
}

export function leftOut(type: number): MessageEdit {
  return (message, found) => (found === type ? [] : [message])
}

/** The next message begins in the same record. */
export function followed(type: number, more: Uint8Array): MessageEdit {
  return (message, found) => (found === type ? [concat(message, more)] : [message])
}

export function written(body: (out: Writer) => void): Uint8Array {
  const out = new Writer()
  body(out)
  return out.finish()
}
