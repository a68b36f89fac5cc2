import type { PatchOperation } from '../api/admission.ts'

/** The JSON Patch (RFC 6902) that turns one JSON value into another. */
export function diff(before: unknown, after: unknown, path = ''): PatchOperation[] {
  if (equal(before, after)) return []
  if (Array.isArray(before) && Array.isArray(after)) return diffLists(before, after, path)
  if (isMap(before) && isMap(after)) return diffMaps(before, after, path)
  return [{ op: 'replace', path, value: after }]
}

function diffMaps(before: JsonMap, after: JsonMap, path: string): PatchOperation[] {
  const operations: PatchOperation[] = []
  for (const key of Object.keys(before)) {
    if (after[key] === undefined && before[key] !== undefined)
      operations.push({ op: 'remove', path: `${path}/${escape(key)}` })
  }
  for (const [key, value] of Object.entries(after)) {
    if (value === undefined) continue
    const at = `${path}/${escape(key)}`
    if (before[key] === undefined) operations.push({ op: 'add', path: at, value })
    else operations.push(...diff(before[key], value, at))
  }
  return operations
}

/** What both lists begin and end with stays; the middle is changed in place, then shortened or lengthened. */
function diffLists(before: readonly unknown[], after: readonly unknown[], path: string): PatchOperation[] {
  const shorter = Math.min(before.length, after.length)
  let head = 0
  while (head < shorter && equal(before[head], after[head])) head++
  let tail = 0
  while (tail < shorter - head && equal(before.at(-1 - tail), after.at(-1 - tail))) tail++

  const [from, to] = [before.slice(head, before.length - tail), after.slice(head, after.length - tail)]
  const both = Math.min(from.length, to.length)
  const operations = from.slice(0, both).flatMap((item, i) => diff(item, to[i], `${path}/${head + i}`))
  // From the end, so that no index moves before its turn.
  for (let i = from.length - 1; i >= both; i--) operations.push({ op: 'remove', path: `${path}/${head + i}` })
  for (const [i, value] of to.slice(both).entries())
    operations.push({ op: 'add', path: `${path}/${head + both + i}`, value })
  return operations
}

/** Equal as JSON: the order of keys does not count, and an undefined field is an absent one. */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, i) => equal(item, b[i]))
  if (!isMap(a) || !isMap(b)) return false
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => equal(a[key], b[key]))
}

type JsonMap = Readonly<Record<string, unknown>>

function isMap(value: unknown): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** RFC 6901 §3: in a pointer, `~` is `~0` and `/` is `~1`. */
function escape(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}
