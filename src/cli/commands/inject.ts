import { readFileSync } from 'node:fs'
import { InvalidPolicyError, parseTlsPolicy, type TLSPolicy } from '../../api/tls-policy.ts'
import { defineCommand, type Command } from '../command.ts'
import { injectManifests, readManifests, uninjectManifests, writeManifests } from '../manifests.ts'
import { flag, optionalText, text, UsageError, type Option } from '../options.ts'

const inner = defineCommand({
  name: 'inject',
  summary: 'put the sidecar into the pods and workloads of a YAML file',
  description:
    'Reads Kubernetes manifests, and prints them with the sidecar in every pod and workload that the policy governs,\n' +
    'by the same code as the webhook. ConfigMaps, Ingresses and IngressClasses among them count. -f stands for --file.',
  options: {
    file: files('manifests to read; - is standard input'),
    policy: optionalText('FILE', 'the TLSPolicy'),
    sidecarImage: text('IMAGE', 'chitin:latest', 'the image of the sidecar, where the policy names none'),
    undo: flag('take the sidecar out instead'),
  },
  run({ file, policy, sidecarImage, undo }, { out, error }) {
    const manifests = file.flatMap((name) => readManifests(readText(name), name))
    if (undo) {
      out(writeManifests(uninjectManifests(manifests)))
      return Promise.resolve(0)
    }
    if (policy === undefined) throw new UsageError('--policy is required')
    const result = injectManifests(manifests, readPolicy(policy), sidecarImage)
    out(writeManifests(result.manifests))
    for (const { object, plan, why } of result.outcomes) {
      error(plan === undefined ? `${object}: left as it is: ${why ?? ''}\n` : `${object}: injected\n`)
      for (const notice of plan?.notices ?? []) error(`${object}: ${notice}\n`)
    }
    return Promise.resolve(result.outcomes.some(({ plan }) => plan !== undefined) ? 0 : 1)
  },
})

export const command: Command = { ...inner, execute: async (argv, around) => inner.execute(longer(argv), around) }

/** `-f`, as kubectl has it, for `--file`. */
export function longer(argv: readonly string[]): string[] {
  return argv.map((argument) => (argument === '-f' ? '--file' : argument))
}

/** At least one file to read. */
export function files(doc: string): Option<readonly string[]> {
  return {
    doc,
    value: 'FILE',
    repeatable: true,
    shown: 'required',
    read(names) {
      if (names.length === 0) throw new UsageError('is required')
      return names
    },
  }
}

/** The text of a file, or of standard input. Throws UsageError where it cannot be read. */
export function readText(name: string): string {
  try {
    return readFileSync(name === '-' ? 0 : name, 'utf8')
  } catch (error) {
    throw new UsageError(`--file ${name} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}`)
  }
}

function readPolicy(name: string): TLSPolicy {
  const policies = readManifests(readText(name), name).filter(({ kind }) => kind === 'TLSPolicy')
  const [policy] = policies
  if (policy === undefined || policies.length > 1)
    throw new UsageError(`--policy ${name} holds ${policies.length} TLSPolicies, expected one`)
  try {
    return parseTlsPolicy(policy)
  } catch (error) {
    if (error instanceof InvalidPolicyError) throw new UsageError(`--policy ${name}: ${error.message}`)
    throw error
  }
}
