import { Reader } from '../../bytes/reader.ts'
import { Writer } from '../../bytes/writer.ts'

/**
 * A vector of 16-bit numbers behind a 16-bit length, at least one: the shape of supported_groups (RFC 8446 §4.2.7) and
 * signature_algorithms (§4.2.3).
 */
export function readNumbers16(body: Uint8Array, what: string): number[] {
  const from = new Reader(body)
  const list = from.sub16(what)
  from.end(what)
  return numbers(list, what)
}

/** The same behind an 8-bit length: supported_versions of a ClientHello (RFC 8446 §4.2.1). */
export function readNumbers8(body: Uint8Array, what: string): number[] {
  const from = new Reader(body)
  const list = from.sub8(what)
  from.end(what)
  return numbers(list, what)
}

export function writeNumbers16(values: readonly number[]): Uint8Array {
  const out = new Writer()
  out.prefixed16((list) => {
    for (const value of values) list.u16(value)
  })
  return out.finish()
}

export function writeNumbers8(values: readonly number[]): Uint8Array {
  const out = new Writer()
  out.prefixed8((list) => {
    for (const value of values) list.u16(value)
  })
  return out.finish()
}

/** One 16-bit number alone: supported_versions of a ServerHello, key_share of a HelloRetryRequest. */
export function writeNumber(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff)
}

export function readNumber(body: Uint8Array, what: string): number {
  const from = new Reader(body)
  const value = from.u16(what)
  from.end(what)
  return value
}

function numbers(list: Reader, what: string): number[] {
  if (list.remaining < 2) throw list.error(what, 'empty')
  const values: number[] = []
  while (list.remaining > 0) values.push(list.u16(what))
  return values
}
