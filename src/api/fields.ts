/** What is wrong with one field: where, what was found, what was expected. */
export interface Problem {
  readonly path: string
  readonly found: string
  readonly expected: string
}

/**
 * Reads an object of unknown shape field by field, and remembers every problem instead of stopping at the first: whoever
 * wrote the object wants to hear of all of them at once. `end` names the fields that nobody asked for.
 */
export class Fields {
  readonly path: string
  readonly problems: Problem[]
  readonly #from: Readonly<Record<string, unknown>>
  readonly #read = new Set<string>()

  constructor(value: unknown, path: string, problems: Problem[]) {
    this.path = path
    this.problems = problems
    if (isObject(value)) {
      this.#from = value
      return
    }
    this.#from = {}
    if (value !== undefined) this.refuse(path, value, 'an object')
  }

  has(name: string): boolean {
    const value = this.#from[name]
    return value !== undefined && value !== null
  }

  /** A value by its name, as it stands; null counts as absent, as it does for the API server. */
  take(name: string): unknown {
    this.#read.add(name)
    return this.#from[name] ?? undefined
  }

  at(name: string): string {
    return this.path === '' ? name : `${this.path}.${name}`
  }

  fields(name: string): Fields {
    return new Fields(this.take(name), this.at(name), this.problems)
  }

  text(name: string, expected: string, allowed: (text: string) => boolean): string | undefined {
    const value = this.take(name)
    if (value === undefined) return undefined
    if (typeof value === 'string' && allowed(value)) return value
    this.refuse(this.at(name), value, expected)
    return undefined
  }

  oneOf<Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined {
    const value = this.take(name)
    if (value === undefined) return undefined
    const choice = choices.find((one) => one === value)
    if (choice === undefined) this.refuse(this.at(name), value, choices.join(' or '))
    return choice
  }

  boolean(name: string): boolean | undefined {
    const value = this.take(name)
    if (value === undefined || typeof value === 'boolean') return value
    this.refuse(this.at(name), value, 'true or false')
    return undefined
  }

  integer(name: string, low: number, high: number): number | undefined {
    const value = this.take(name)
    if (value === undefined) return undefined
    if (typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high) return value
    this.refuse(this.at(name), value, `a whole number from ${low} to ${high}`)
    return undefined
  }

  /** Each item of a list with its own path; an absent list is undefined. */
  list<Item>(name: string, low: number, high: number, read: (item: unknown, path: string) => Item): Item[] | undefined {
    const value = this.take(name)
    if (value === undefined) return undefined
    if (!Array.isArray(value) || value.length < low || value.length > high) {
      this.refuse(this.at(name), value, `a list of ${low} to ${high}`)
      return undefined
    }
    return value.map((item: unknown, index) => read(item, `${this.at(name)}[${index}]`))
  }

  refuse(path: string, found: unknown, expected: string): void {
    this.problems.push({ path, found: describe(found), expected })
  }

  /** Names every field that was not read: a misspelt field must not pass for a default. */
  end(): void {
    for (const name of Object.keys(this.#from)) {
      if (this.#read.has(name)) continue
      const known = [...this.#read].toSorted()
      this.refuse(this.at(name), this.#from[name], `no such field (known here: ${known.join(', ')})`)
    }
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A value in a few words, never longer than a line. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (typeof value === 'string') return value.length > 80 ? `a string of ${value.length} characters` : `"${value}"`
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  return value === null ? 'null' : 'an object'
}
