import assert from 'node:assert/strict'
import { test } from 'node:test'
import { main } from '../src/main.ts'

async function run(...argv: string[]) {
  let out = ''
  let error = ''
  const code = await main(argv, {
    env: {},
    out: (text) => (out += text),
    error: (text) => (error += text),
    stop: new AbortController().signal,
  })
  return { code, out, error }
}

test('without a command, says which ones there are and fails', async () => {
  const { code, out, error } = await run()
  assert.equal(code, 2)
  assert.equal(out, '')
  assert.match(error, /terminator {2}/)
})

test('help that was asked for goes to stdout', async () => {
  const { code, out } = await run('--help')
  assert.equal(code, 0)
  assert.match(out, /version/)
})

test('an unknown command is named', async () => {
  const { code, error } = await run('terminate')
  assert.equal(code, 2)
  assert.match(error, /no command "terminate"/)
})

test('says its version', async () => {
  const { code, out } = await run('version')
  assert.equal(code, 0)
  assert.match(out, /^chitin \d+\.\d+\.\d+, node \d+/)
})

test('a wrong option is an error of usage', async () => {
  const { code, error } = await run('terminator', '--lisen', '1')
  assert.equal(code, 2)
  assert.match(error, /chitin terminator: --lisen is not an option/)
})
