import { InvalidPolicyError, parseTlsPolicy, type TLSPolicy } from '../../api/tls-policy.ts'
import { defineCommand, type Command } from '../command.ts'
import type { Manifest } from '../manifest-shape.ts'
import { injectManifests, readManifests } from '../manifests.ts'
import { files, longer, readText } from './inject.ts'

const inner = defineCommand({
  name: 'check',
  summary: 'say what is wrong with TLSPolicies, and what they would do',
  description:
    'Reads TLSPolicies from YAML, and names every field that cannot be honoured. Where workloads are among the manifests,\n' +
    'it says of each what the policies would do with it. Exit code 1: something is wrong. -f stands for --file.',
  options: { file: files('manifests to read; - is standard input') },
  run({ file }, { out }) {
    const manifests = file.flatMap((name) => readManifests(readText(name), name))
    const found = manifests.filter(({ kind }) => kind === 'TLSPolicy')
    if (found.length === 0) {
      out('found no TLSPolicy\n')
      return Promise.resolve(1)
    }
    const bad = found.filter((one) => !check(one, manifests, out))
    return Promise.resolve(bad.length === 0 ? 0 : 1)
  },
})

export const command: Command = { ...inner, execute: async (argv, around) => inner.execute(longer(argv), around) }

function check(manifest: Manifest, manifests: readonly Manifest[], out: (text: string) => void): boolean {
  const { namespace = 'default', name = '' } = manifest.metadata
  const say = (text: string): void => out(`tlspolicy ${namespace}/${name}: ${text}\n`)
  let policy: TLSPolicy
  try {
    policy = parseTlsPolicy(manifest)
  } catch (error) {
    if (!(error instanceof InvalidPolicyError)) throw error
    for (const { path, found, expected } of error.problems) say(`${path}: found ${found}, expected ${expected}`)
    return false
  }
  if (policy.spec.mode === 'Shim') {
    say('UnsupportedMode: mode Shim is not served by this release; use Sidecar')
    return false
  }
  say('valid')
  const { outcomes } = injectManifests(manifests, policy, 'chitin:latest')
  for (const { object, plan, why } of outcomes) {
    say(plan === undefined ? `would leave ${object} as it is: ${why ?? ''}` : `would put the sidecar into ${object}`)
    for (const notice of plan?.notices ?? []) say(`${object}: ${notice}`)
  }
  return true
}
