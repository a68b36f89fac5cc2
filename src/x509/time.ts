import { decodeAscii } from '../bytes/ascii.ts'
import { DecodeError } from '../bytes/decode-error.ts'
import { tag, type DerReader } from './der.ts'

/** A Time (RFC 5280 §4.1.2.5): UTCTime until 2049, GeneralizedTime from 2050; with seconds, in Z, without fractions. */
export function readTime(from: DerReader, what: string): Date {
  const { tag: kind, content } = from.any(what)
  const text = decodeAscii(content.subarray(0, 16))
  const pattern = kind === tag.utcTime ? /^(\d\d)(\d{10})Z$/ : /^(\d{4})(\d{10})Z$/
  const match = kind === tag.utcTime || kind === tag.generalizedTime ? pattern.exec(text) : null
  if (match === null) throw new DecodeError(what, 0, 'not a UTCTime or GeneralizedTime of RFC 5280')
  const short = Number(match[1])
  const year = kind === tag.generalizedTime ? short : short + (short < 50 ? 2000 : 1900)
  const digits = match[2] as string
  const part = (at: number) => digits.slice(at, at + 2)
  const iso = `${String(year).padStart(4, '0')}-${part(0)}-${part(2)}T${part(4)}:${part(6)}:${part(8)}.000Z`
  const time = new Date(iso)
  if (Number.isNaN(time.getTime()) || time.toISOString() !== iso) throw new DecodeError(what, 0, 'no such time')
  return time
}
