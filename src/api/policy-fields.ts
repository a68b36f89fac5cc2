import { formatDuration, parseDuration } from './duration.ts'
import type { Fields } from './fields.ts'

/** Kinds of fields that several parts of a policy have. Each reads one, and refuses it by its path where it is wrong. */

/** The name of a Secret in the policy's own namespace. */
export function secretRef(from: Fields, field: string): { readonly name: string } | undefined {
  if (!from.has(field)) return undefined
  const ref = from.fields(field)
  const name = required(ref, 'name', ref.text('name', 'the name of a Secret', isDnsSubdomain))
  ref.end()
  return { name }
}

/** A duration in Go's format, in milliseconds. */
export function duration(from: Fields, name: string, low: number, high: number): number | undefined {
  const text = from.text(
    name,
    'a duration in Go format, such as 30s or 1h30m',
    (text) => text.length <= 32 && parseDuration(text) !== undefined,
  )
  if (text === undefined) return undefined
  const ms = parseDuration(text) ?? 0
  if (ms >= low && ms <= high) return ms
  from.refuse(from.at(name), text, `${formatDuration(low)} to ${formatDuration(high)}`)
  return undefined
}

/** A list of some of the choices, each at most once. */
export function choices<Choice extends string>(
  from: Fields,
  name: string,
  low: number,
  all: readonly Choice[],
): Choice[] | undefined {
  const list = from.list(name, low, all.length, (item, path) => {
    const choice = all.find((one) => one === item)
    if (choice === undefined) from.refuse(path, item, all.join(' or '))
    return choice
  })
  const chosen = list?.filter((choice) => choice !== undefined)
  refuseDuplicates(from, from.at(name), chosen ?? [])
  return chosen
}

/** Names each entry that is there more than once. */
export function refuseDuplicates(from: Fields, path: string, items: readonly string[]): void {
  for (const double of new Set(items.filter((item, index) => items.indexOf(item) !== index)))
    from.refuse(path, double, 'each entry once')
}

/** One text of a list. */
export function textItem(
  from: Fields,
  value: unknown,
  path: string,
  expected: string,
  allowed: (text: string) => boolean,
): string {
  if (typeof value === 'string' && allowed(value)) return value
  from.refuse(path, value, expected)
  return ''
}

/** A text that must be there. */
export function required(from: Fields, name: string, value: string | undefined): string {
  if (!from.has(name)) from.refuse(from.at(name), undefined, 'a value')
  return value ?? ''
}

/** A property that is only there when it has a value, as `exactOptionalPropertyTypes` asks. */
export function optional<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { readonly [key in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [key in Name]: Value }) // one key, of that name
}

/** RFC 1123 §2.1, in lower case: one label. */
export function isDnsLabel(text: string): boolean {
  return text.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text)
}

/** Labels with dots between them. */
export function isDnsSubdomain(text: string): boolean {
  return text.length <= 253 && text.split('.').every((label) => /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(label))
}

export const second = 1000
export const minute = 60 * second
export const hour = 60 * minute
export const year = 8760 * hour
