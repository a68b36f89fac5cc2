/** The command lines of our own tools, as somebody meets them who has never called them. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'

const root = join(import.meta.dirname, '..', '..')
const tools: readonly (readonly [string, ...string[]])[] = [
  ['bench/run.ts', '--quick', '--scenario', '--connections'],
  ['bench/operator/run.ts', '--quick', '--policies'],
  ['bench/crypto.ts', 'NAME'],
  ['bench/constant-time.ts', 'NAME', '--seconds'],
  ['test/fuzz/coverage.ts', 'TARGET', 'server-conversation', '--keep'],
  ['test/fuzz/server-connection.ts', '--seed', '--round'],
  ['test/fuzz/providers.ts', '--seed', '--round'],
]

for (const [file, ...words] of tools) {
  test(`${file} --help says on one screen what it does and what it knows`, () => {
    const { status, stdout, stderr } = call(file, '--help')
    assert.deepEqual([status, stderr], [0, ''])
    assert.match(stdout, /^Usage: n/)
    for (const word of [...words, '--help']) assert.ok(stdout.includes(word), `${word} is missing:\n${stdout}`)
    assert.ok(stdout.split('\n').length <= 40, stdout)
  })

  test(`${file} refuses what it does not know, and says what it does know`, () => {
    const { status, stdout, stderr } = call(file, '--nonsense')
    assert.deepEqual([status, stdout], [2, ''])
    assert.match(stderr, /--nonsense is not an option; there are .*--help\nTry: n/)
  })
}

for (const [file, args, why] of [
  ['bench/run.ts', ['--only', 'apache'], /--only is "apache", expected one of chitin noble, /],
  ['bench/run.ts', ['--rounds', '0'], /--rounds is "0", expected a number above 0/],
  ['bench/run.ts', ['quick'], /"quick" was not expected/],
  ['bench/crypto.ts', ['MD5'], /"MD5" was not expected: NAME is one of /],
  ['test/fuzz/coverage.ts', ['client-helo'], /"client-helo" was not expected: TARGET is one of .*client-hello/],
  ['test/fuzz/coverage.ts', ['--seconds', 'client-hello'], /--seconds is "client-hello", expected a number above 0/],
] as const)
  test(`${file} ${args.join(' ')} is refused`, () => {
    const { status, stdout, stderr } = call(file, ...args)
    assert.deepEqual([status, stdout], [2, ''])
    assert.match(stderr, why)
  })

function call(file: string, ...args: string[]) {
  return spawnSync(process.execPath, [file, ...args], { cwd: root, encoding: 'utf8' })
}
