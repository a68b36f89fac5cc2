import { environmentName, flagName } from './option-names.ts'
import { UsageError, type Option, type Options, type OptionTable } from './options.ts'

/** Reads a command's arguments by its table. Throws UsageError that names the option. */
export function parseOptions<Table extends OptionTable>(
  table: Table,
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Options<Table> {
  const given = collect(table, argv)
  const values: Record<string, unknown> = {}
  for (const [key, option] of Object.entries(table)) {
    const fromEnv = env[environmentName(key)]
    const texts = given.get(key) ?? (fromEnv === undefined || fromEnv === '' ? [] : split(fromEnv, option))
    const where = given.has(key) || texts.length === 0 ? flagName(key) : environmentName(key)
    try {
      values[key] = option.read(texts)
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      throw new UsageError(`${where} ${error.message}`)
    }
  }
  return values as Options<Table> // every key of the table was read by its own option just above
}

function collect(table: OptionTable, argv: readonly string[]): Map<string, string[]> {
  const keys = new Map(Object.keys(table).map((key) => [flagName(key), key]))
  const given = new Map<string, string[]>()
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i] as string // i < argv.length
    const equals = argument.indexOf('=')
    const name = equals < 0 ? argument : argument.slice(0, equals)
    const key = keys.get(name)
    const option = key === undefined ? undefined : table[key]
    if (key === undefined || option === undefined) throw new UsageError(unknown(name, [...keys.keys()]))
    let text = equals < 0 ? '' : argument.slice(equals + 1)
    if (equals < 0 && option.value !== undefined) {
      const next = argv[++i]
      if (next === undefined || next.startsWith('--')) throw new UsageError(`${name} needs a value: ${option.value}`)
      text = next
    }
    const before = given.get(key)
    if (before !== undefined && !option.repeatable) throw new UsageError(`${name} is given twice`)
    given.set(key, [...(before ?? []), text])
  }
  return given
}

function unknown(name: string, names: readonly string[]): string {
  if (!name.startsWith('--')) return `"${name}" was not expected: every argument here is an option`
  const close = names.find((known) => known.startsWith(name) || name.startsWith(known))
  const hint = close === undefined ? `there are ${[...names, '--help'].join(', ')}` : `did you mean ${close}?`
  return `${name} is not an option; ${hint}`
}

function split(text: string, option: Option<unknown>): string[] {
  return option.repeatable ? text.split(',').map((part) => part.trim()) : [text]
}
