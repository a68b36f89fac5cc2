import assert from 'node:assert/strict'
import { test } from 'node:test'
import { restoreFlags, setFlags, type CommandLine } from '../../src/inject/command-line.ts'

const cases: readonly (readonly [string, CommandLine, CommandLine])[] = [
  ['replaces where it stands', { args: ['a', '--p=1', 'b'] }, { args: ['a', '--p=2', 'b'] }],
  ['replaces a flag and its value', { command: ['a', '--p', '1', 'b'] }, { command: ['a', '--p=2', 'b'] }],
  ['replaces the last of two, for that one counts', { args: ['--p=0', '--p=1'] }, { args: ['--p=0', '--p=2'] }],
  ['appends to args where there are any', { command: ['a'], args: ['b'] }, { command: ['a'], args: ['b', '--p=2'] }],
  ['appends to command where there are no args', { command: ['a'] }, { command: ['a', '--p=2'] }],
  ['a longer flag is another flag', { args: ['--port=1'] }, { args: ['--port=1', '--p=2'] }],
  ['args come after command', { command: ['--p=0'], args: ['--p=1'] }, { command: ['--p=0'], args: ['--p=2'] }],
]

for (const [name, before, after] of cases) {
  test(name, () => {
    const { line, changes } = setFlags(before, { p: '2' })
    assert.deepEqual(line, after)
    assert.deepEqual(restoreFlags(line, changes), before)
  })
}

test('goes back also where others have added to the line or taken from it', () => {
  const { line, changes } = setFlags({ args: ['--p=1', '--q=1'] }, { p: '2', q: '2' })
  assert.deepEqual(restoreFlags({ args: ['first', ...(line.args ?? []), 'last'] }, changes).args, [
    'first',
    '--p=1',
    '--q=1',
    'last',
  ])
  assert.deepEqual(restoreFlags({ args: ['--q=2'] }, changes).args, ['--q=1'])
})
