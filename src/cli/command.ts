import type { OptionTable, Options } from './options.ts'
import { parseOptions } from './parse-options.ts'
import { usage } from './usage.ts'

/** What a command may touch of the process it runs in. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly out: (text: string) => void
  readonly error: (text: string) => void
  /** Aborted by the first SIGTERM or SIGINT; the second one ends the process. */
  readonly stop: AbortSignal
}

/** One subcommand; each is a file in commands/ that exports `const command: Command`. */
export interface Command {
  readonly name: string
  /** One line, for the list of commands. */
  readonly summary: string
  readonly help: string
  /** Parses the arguments behind the command's name, runs, and returns the exit code. Throws UsageError. */
  execute(argv: readonly string[], surroundings: Surroundings): Promise<number>
}

/** Binds a table of options to the function that takes their values. */
export function defineCommand<const Table extends OptionTable>(definition: {
  readonly name: string
  readonly summary: string
  /** Further sentences for `--help`. */
  readonly description?: string
  readonly options: Table
  readonly run: (options: Options<Table>, surroundings: Surroundings) => Promise<number>
}): Command {
  const { name, summary, description, options, run } = definition
  const help = usage(name, description ?? summary, options)
  return {
    name,
    summary,
    help,
    async execute(argv, surroundings) {
      if (argv.includes('--help') || argv.includes('-h')) {
        surroundings.out(help)
        return 0
      }
      return run(parseOptions(options, argv, surroundings.env), surroundings)
    },
  }
}
