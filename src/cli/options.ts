/**
 * Command-line options, typed and documented in one table for each command: a flag wins over the environment
 * (`CHITIN_` and the flag's name), which wins over the default. Unknown flags and bad values are refused with a
 * sentence that says what was found and what was expected; values never stand in it where they could be secret,
 * and none of ours are.
 */
import { formatDuration, parseDuration } from '../api/duration.ts'

/** The person at the keyboard (or the manifest) asked for something that is not offered. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** How one option is read. `value` is absent for a switch: it needs none. */
export interface Option<Value> {
  readonly doc: string
  /** What stands for the value in the help, as `PORT`. Absent: a switch. */
  readonly value?: string
  readonly repeatable?: true
  /** What the help says is the default; absent: nothing. */
  readonly shown?: string
  /** Reads all occurrences. Throws UsageError (without the option's name: the caller knows it). */
  readonly read: (texts: readonly string[]) => Value
}

export type OptionTable = Readonly<Record<string, Option<unknown>>>

/** The values of a table, under its keys. */
export type Options<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Option<infer Value> ? Value : never
}

/** Where to listen or to connect. `host` is undefined where only a port was given. */
export interface Endpoint {
  readonly host: string | undefined
  readonly port: number
}

/** A text that may be left out. */
export function optionalText(value: string, doc: string): Option<string | undefined> {
  return { doc, value, read: ([text]) => text }
}

export function text(value: string, fallback: string, doc: string): Option<string> {
  return { doc, value, shown: fallback, read: ([text]) => text ?? fallback }
}

/** A text that has to be given. */
export function requiredText(value: string, doc: string): Option<string> {
  return {
    doc,
    value,
    shown: 'required',
    read([text]) {
      if (text === undefined) throw new UsageError('is required')
      return text
    },
  }
}

export function texts(value: string, doc: string): Option<readonly string[]> {
  return { doc, value, repeatable: true, read: (texts) => texts }
}

/** True where it stands alone; `=false` takes it back, for an environment that has set it. */
export function flag(doc: string): Option<boolean> {
  return {
    doc,
    read([text]) {
      if (text === undefined || text === 'false') return false
      if (text === 'true' || text === '') return true
      throw new UsageError(`is "${text}", expected true or false`)
    },
  }
}

export function count(
  fallback: number,
  doc: string,
  { least = 0, most = 10_000_000 }: { least?: number; most?: number } = {},
): Option<number> {
  return {
    doc,
    value: 'N',
    shown: String(fallback),
    read([text]) {
      if (text === undefined) return fallback
      const number = /^\d{1,9}$/.test(text) ? Number(text) : NaN
      if (!(number >= least && number <= most))
        throw new UsageError(`is "${text}", expected a whole number from ${least} to ${most}`)
      return number
    },
  }
}

/** A duration in Go's format; the value is in milliseconds. */
export function duration(fallbackMs: number, doc: string): Option<number> {
  return {
    doc,
    value: 'DURATION',
    shown: formatDuration(fallbackMs),
    read([text]) {
      if (text === undefined) return fallbackMs
      const ms = parseDuration(text)
      if (ms === undefined) throw new UsageError(`is "${text}", expected a duration like 500ms, 30s or 1h30m`)
      return ms
    },
  }
}

export function choice<const Name extends string>(
  names: readonly Name[],
  fallback: NoInfer<Name>,
  doc: string,
): Option<Name> {
  return {
    doc,
    value: names.join('|'),
    shown: fallback,
    read([text]) {
      if (text === undefined) return fallback
      const found = names.find((name) => name === text)
      if (found === undefined) throw new UsageError(`is "${text}", expected ${names.join(' or ')}`)
      return found
    },
  }
}

/** `[HOST:]PORT`; an IPv6 address stands in brackets. */
export function optionalEndpoint(doc: string): Option<Endpoint | undefined> {
  return { doc, value: '[HOST:]PORT', read: ([text]) => (text === undefined ? undefined : parseEndpoint(text)) }
}

export function endpoints(doc: string): Option<readonly Endpoint[]> {
  return { doc, value: '[HOST:]PORT', repeatable: true, read: (texts) => texts.map(parseEndpoint) }
}

/** `FROM=TO`, both ports; repeatable. */
export function portMap(value: string, doc: string): Option<ReadonlyMap<number, number>> {
  return {
    doc,
    value,
    repeatable: true,
    read: (texts) =>
      new Map(
        texts.map((text) => {
          const [from, to, more] = text.split('=')
          if (from === undefined || to === undefined || more !== undefined)
            throw new UsageError(`is "${text}", expected two ports like 8443=443`)
          return [parsePort(from, 1), parsePort(to, 1)] as const
        }),
      ),
  }
}

export function parseEndpoint(text: string): Endpoint {
  const match = /^(?:(\[[0-9a-fA-F:.]+(?:%[\w.-]+)?\]|[\w.-]+):)?(\d+)$/.exec(text)
  if (match?.[2] === undefined)
    throw new UsageError(`is "${text}", expected a port, or an address and a port like 127.0.0.1:8443 or [::1]:8443`)
  return { host: match[1]?.replaceAll(/[[\]]/g, ''), port: parsePort(match[2], 0) }
}

function parsePort(text: string, least: number): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN
  if (!(port >= least && port <= 65_535)) throw new UsageError(`names port "${text}", expected ${least} to 65535`)
  return port
}
