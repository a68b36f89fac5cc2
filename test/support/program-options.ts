/** The command lines of our own tools (benchmarks, fuzzers), read and documented as those of `chitin` are. */
import { flagName } from '../../src/cli/option-names.ts'
import { UsageError, type Option, type Options, type OptionTable } from '../../src/cli/options.ts'
import { parseOptions } from '../../src/cli/parse-options.ts'
import { optionLines } from '../../src/cli/usage.ts'

export interface Program<Table extends OptionTable> {
  /** As a person types it, `npm run bench --`. */
  readonly command: string
  /** What it does, in a few sentences. */
  readonly description: string
  readonly options: Table
  /** What may stand beside options; left out: nothing. */
  readonly names?: Names
}

export interface Names {
  readonly of: string
  /** Left out: the program sees for itself. */
  readonly known?: readonly string[]
  /** Whether a name stands for each of the known ones that contains it. */
  readonly inPart?: true
}

/** Ends the process where it is asked for help (0), or for something that is not offered (2). */
export function programOptions<const Table extends OptionTable>(
  program: Program<Table>,
): { readonly options: Options<Table>; readonly names: readonly string[] } {
  const argv = process.argv.slice(2)
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(help(program))
    process.exit(0)
  }
  try {
    const { flags, names } = sort(argv, program.options)
    checkNames(names, program.names)
    return { options: parseOptions(program.options, flags, {}), names }
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`${error.message}\nTry: ${program.command} --help\n`)
    return process.exit(2)
  }
}

/** A number above 0, in parts too. */
export function positive(value: string, fallback: number, doc: string): Option<number> {
  return { doc, value, shown: String(fallback), read: ([text]) => readPositive(text) ?? fallback }
}

/** The same; undefined where it is not given. */
export function optionalPositive(value: string, doc: string): Option<number | undefined> {
  return { doc, value, read: ([text]) => readPositive(text) }
}

/** Some of the known names; undefined where none is given. */
export function optionalNames(
  value: string,
  known: readonly string[],
  doc: string,
): Option<readonly string[] | undefined> {
  return {
    doc: `${doc}: ${known.join(', ')}`,
    value,
    repeatable: true,
    read(texts) {
      const unknown = texts.find((text) => !known.includes(text))
      if (unknown !== undefined) throw new UsageError(`is "${unknown}", expected one of ${known.join(', ')}`)
      return texts.length === 0 ? undefined : texts
    },
  }
}

function help<Table extends OptionTable>({ command, description, options, names }: Program<Table>): string {
  const usage = `Usage: ${command}${names === undefined ? '' : ` [${names.of} …]`} [options]`
  const known = names?.known === undefined ? [] : [`${names.of} is one of: ${names.known.join(', ')}`, '']
  return [usage, '', description, '', ...known, ...optionLines(options), ''].join('\n')
}

/** Names may stand before, between and behind the options. */
function sort(argv: readonly string[], table: OptionTable): { flags: string[]; names: string[] } {
  const flags: string[] = []
  const names: string[] = []
  const valued = new Set(
    Object.keys(table)
      .filter((key) => table[key]?.value !== undefined)
      .map(flagName),
  )
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i] as string // i < argv.length
    if (!argument.startsWith('-')) {
      names.push(argument)
      continue
    }
    flags.push(argument)
    const value = argv[i + 1]
    if (valued.has(argument) && value !== undefined) {
      flags.push(value)
      i++
    }
  }
  return { flags, names }
}

function checkNames(names: readonly string[], expected: Names | undefined): void {
  const [first] = names
  if (first !== undefined && expected === undefined)
    throw new UsageError(`"${first}" was not expected: every argument here is an option`)
  const { of = '', known, inPart } = expected ?? {}
  const fits = (name: string): boolean =>
    known?.some((each) => (inPart === true ? each.includes(name) : each === name)) ?? true
  const unknown = names.find((name) => !fits(name))
  if (unknown !== undefined) throw new UsageError(`"${unknown}" was not expected: ${of} is one of ${known?.join(', ')}`)
}

function readPositive(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const number = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN
  if (!(number > 0)) throw new UsageError(`is "${text}", expected a number above 0`)
  return number
}
