#!/usr/bin/env node
/**
 * argv, environment, stdio and signals go in; an exit code comes out. Commands are loaded only when they are asked for,
 * so that the terminator never loads the Kubernetes client.
 */
import type { Command, Surroundings } from './cli/command.ts'
import { UsageError } from './cli/options.ts'

interface CommandModule {
  readonly command: Command
}

/** Every command, with the one line that the list shows without loading it. */
const commands = {
  terminator: {
    summary: 'terminate TLS and pass the bytes to nginx: the sidecar',
    load: () => import('./cli/commands/terminator.ts'),
  },
  operator: {
    summary: 'reconcile TLSPolicies, and put the sidecar into pods by webhook',
    load: () => import('./cli/commands/operator.ts'),
  },
  uninstall: {
    summary: 'bring all pods back as they were, before the operator goes',
    load: () => import('./cli/commands/uninstall.ts'),
  },
  inject: {
    summary: 'put the sidecar into the pods and workloads of a YAML file',
    load: () => import('./cli/commands/inject.ts'),
  },
  check: {
    summary: 'say what is wrong with TLSPolicies, and what they would do',
    load: () => import('./cli/commands/check.ts'),
  },
  version: {
    summary: 'print the version of Chitin and of the Node it runs on',
    load: () => import('./cli/commands/version.ts'),
  },
} as const satisfies Record<string, { readonly summary: string; readonly load: () => Promise<CommandModule> }>

/** Runs one command line. Exit codes: 0 well, 1 failed, 2 asked for something that is not offered. */
export async function main(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const [name, ...rest] = argv
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    ;(name === undefined ? surroundings.error : surroundings.out)(overview())
    return name === undefined ? 2 : 0
  }
  const entry = Object.entries(commands).find(([known]) => known === (name === '--version' ? 'version' : name))?.[1]
  if (entry === undefined) {
    surroundings.error(`chitin: there is no command "${name}"\n\n${overview()}`)
    return 2
  }
  const { command } = await entry.load()
  try {
    return await command.execute(rest, surroundings)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    surroundings.error(`chitin ${command.name}: ${error.message}\nTry: chitin ${command.name} --help\n`)
    return 2
  }
}

function overview(): string {
  const rows = Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(12)}${summary}`)
  return [
    'Usage: chitin COMMAND [options]',
    '',
    'Memory-safe TLS for NGINX ingress on Kubernetes.',
    '',
    ...rows,
    '',
    'chitin COMMAND --help says more about one.',
    '',
  ].join('\n')
}

/** The first signal asks to stop; the second one does not ask. */
function stopOnSignal(): AbortSignal {
  const stop = new AbortController()
  for (const [signal, number] of [
    ['SIGINT', 2],
    ['SIGTERM', 15],
  ] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(128 + number)
      stop.abort()
    })
  }
  return stop.signal
}

// Not so where a test imports this file.
if (import.meta.main) {
  process.exitCode = await main(process.argv.slice(2), {
    env: process.env,
    out: (text) => process.stdout.write(text),
    error: (text) => process.stderr.write(text),
    stop: stopOnSignal(),
  })
}
