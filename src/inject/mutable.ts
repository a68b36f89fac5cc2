/** A copy of our own, which we may change until we hand it out. */
export type Mutable<T> = T extends readonly (infer Item)[]
  ? Mutable<Item>[]
  : T extends object
    ? { -readonly [Key in keyof T]: Mutable<T[Key]> }
    : T

/** An object of which we know nothing. */
export type Loose = Record<string, unknown>

/** The list of that name, made where it is not there; then its path is added to what was created. */
export function list<Key extends string, Item>(
  from: { [key in Key]?: Item[] },
  key: Key,
  path: string,
  created: string[],
): Item[] {
  const there: Item[] | undefined = from[key]
  if (there !== undefined) return there
  created.push(path)
  const made: Item[] = []
  from[key] = made
  return made
}

/** The same of a map. */
export function map<Key extends string>(
  from: { [key in Key]?: Record<string, string> },
  key: Key,
  path: string,
  created: string[],
): Record<string, string> {
  const there: Record<string, string> | undefined = from[key]
  if (there !== undefined) return there
  created.push(path)
  const made: Record<string, string> = {}
  from[key] = made
  return made
}

/** What stands at the end of the path; undefined where that is no object. */
export function follow(from: object | undefined, path: readonly string[]): Loose | undefined {
  let at: unknown = from
  // Own properties only: the annotation that says the path is anybody's who may make pods, and must not lead to prototypes.
  for (const part of path)
    at = typeof at === 'object' && at !== null && Object.hasOwn(at, part) ? (at as Loose)[part] : undefined
  return typeof at === 'object' && at !== null ? (at as Loose) : undefined
}
