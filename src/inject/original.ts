import { Fields, isObject, type Problem } from '../api/fields.ts'
import type { ContainerPort } from '../api/pod.ts'
import type { FlagChange } from './command-line.ts'

/** What was changed in a pod, so that it can be put back; travels in the pod, as JSON in an annotation. */
export interface Original {
  readonly container: string
  readonly flags: readonly FlagChange[]
  /** The ports that went from nginx to the sidecar, each with its place in nginx's list. */
  readonly ports: readonly { readonly index: number; readonly port: ContainerPort }[]
  /** Probes and hooks that named one of these ports: path in the container, and the name. */
  readonly portNames: readonly { readonly path: readonly string[]; readonly name: string }[]
  /** Seconds of the sleep that nginx's preStop was given; 0 where it was given none. */
  readonly preStopSeconds: number
  /** terminationGracePeriodSeconds; `was` is null where there was none. Absent: not touched. */
  readonly grace?: { readonly was: number | null; readonly set: number }
  /** Value of the sysctl before; null where there was none. Absent: not touched. */
  readonly sysctl?: { readonly was: string | null }
  /** Maps and lists that were made only to hold ours: they go once they are empty again. */
  readonly created: readonly string[]
}

/** Reads the annotation. Undefined for anything but what `JSON.stringify` of an Original gives. */
export function parseOriginal(text: string | undefined): Original | undefined {
  if (text === undefined) return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isObject(value)) return undefined
  const problems: Problem[] = []
  const from = new Fields(value, '', problems)
  const check = (ok: boolean, path: string): void => {
    if (!ok) from.refuse(path, undefined, 'what we wrote')
  }
  const list = (name: string, ok: (item: Readonly<Record<string, unknown>>) => boolean): void => {
    const items = from.take(name)
    check(Array.isArray(items) && items.every((item: unknown) => isObject(item) && ok(item)), name)
  }
  check(typeof from.take('container') === 'string', 'container')
  list(
    'flags',
    (flag) =>
      (flag['field'] === 'command' || flag['field'] === 'args') &&
      isStrings(flag['was']) &&
      typeof flag['item'] === 'string',
  )
  list('ports', (entry) => Number.isInteger(entry['index']) && isObject(entry['port']))
  list('portNames', (entry) => isStrings(entry['path']) && typeof entry['name'] === 'string')
  check(Number.isInteger(from.take('preStopSeconds')), 'preStopSeconds')
  check(from.take('grace') === undefined || isObject(from.take('grace')), 'grace')
  check(from.take('sysctl') === undefined || isObject(from.take('sysctl')), 'sysctl')
  check(isStrings(from.take('created')), 'created')
  from.end()
  if (problems.length > 0) return undefined
  return value as unknown as Original // each field was checked above
}

function isStrings(item: unknown): item is string[] {
  return Array.isArray(item) && item.every((one) => typeof one === 'string')
}
