import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { duties, render, tableFile, unjustified } from './duties.ts'

test('every duty is shown by a test, or says why it is not', () => {
  assert.deepEqual(
    unjustified(duties()).map(({ clause, text, file }) => `${clause} (${file}): ${text}`),
    [],
  )
})

test('the table of duties is the one that the sources make', () => {
  assert.equal(readFileSync(tableFile, 'utf8'), render(duties()), 'npm run duties writes it anew')
})
