import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { add, nothing, runStage, type Outcome } from './stage.ts'
import { temporaryFolder } from './support/temporary-folder.ts'

describe('a stage of npm test', () => {
  const folder = temporaryFolder('stage')
  before(() => {
    const head = "import { test } from 'node:test'\n"
    const files = {
      'good.test.ts': `${head}test('holds', () => {})\ntest('holds too', () => {})\n`,
      'bad.test.ts': `${head}test('does not hold', () => { throw new Error('no') })\n`,
      'skipped.test.ts': `${head}test('is skipped', { skip: true }, () => {})\n`,
      'empty.test.ts': 'console.log(1)\n',
    }
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder.path, name), text)
  })
  after(() => folder.remove())

  /** By `env`, for a test runner inside a test runner would run nothing. */
  async function stage(...patterns: readonly string[]): Promise<Outcome> {
    const files = patterns.map((pattern) => join(folder.path, pattern))
    const runner = ['-u', 'NODE_TEST_CONTEXT', process.execPath, '--test', ...files]
    return await runStage('env', runner, true, () => undefined)
  }

  test('succeeds where tests ran and passed, and says how many', async () => {
    const { failure, counts } = await stage('good.test.ts')
    assert.equal(failure, undefined)
    assert.deepEqual([counts.tests, counts.pass, counts.fail], [2, 2, 0])
  })

  test('fails where a test fails', async () => {
    const { failure, counts } = await stage('good.test.ts', 'bad.test.ts')
    assert.equal(failure, 'ended with 1')
    assert.deepEqual([counts.tests, counts.pass, counts.fail], [3, 2, 1])
  })

  test('fails where the pattern matches no file', async () => {
    assert.equal((await stage('nowhere/**/*.test.ts')).failure, 'ran no test')
  })

  test('fails where every test is skipped', async () => {
    assert.equal((await stage('skipped.test.ts')).failure, 'ran no test')
  })

  test('fails where one of its files has no test in it, and names the file', async () => {
    assert.match((await stage('good.test.ts', 'empty.test.ts')).failure ?? '', /^no test in \S*empty\.test\.ts$/)
  })

  test('fails where the program cannot be started or ends by a signal, and passes its lines on', async () => {
    const lines: string[] = []
    const print = (line: string): number => lines.push(line)
    assert.match((await runStage('/no/such/program', [], false, print)).failure ?? '', /ENOENT/)
    assert.equal((await runStage('sh', ['-c', 'echo one; kill -9 $$'], false, print)).failure, 'ended with SIGKILL')
    assert.deepEqual(lines, ['one'])
  })

  test('adds its counts to those of the others', async () => {
    const { counts } = await stage('good.test.ts')
    assert.equal(add(add(nothing, counts), counts).pass, 4)
  })
})
