/** Which of V8's compilers comes when, asked of V8 itself, in a process of its own. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'

const tierUp = new URL('../../src/terminator/tier-up.ts', import.meta.url).href
/** Says after each of the two calls how V8 runs a function that was called often enough for every compiler. */
const program = `
  import { setImmediate } from 'node:timers/promises'
  import { optimizeLater, optimizeSoon } from '${tierUp}'

  function often(i) { return i + 1 }
  async function callOften(until) {
    // A compiler works in a thread of its own: what it has made is taken between two turns.
    for (let turn = 0; turn < 2000 && !until(); turn++) {
      for (let i = 0; i < 1000; i++) often(i)
      await setImmediate()
    }
    return %GetOptimizationStatus(often)
  }

  optimizeLater()
  const later = await callOften(() => false)
  optimizeSoon()
  const soon = await callOften(() => %GetOptimizationStatus(often) & ${/* V8's kTurboFanned */ 1 << 6})
  console.log(JSON.stringify({ later, soon }))
`
const [maglev, turboFan] = [1 << 5, 1 << 6]

test('nothing is optimised before the terminator listens, and what is called often from then on is, by TurboFan alone', async () => {
  const flags = ['--allow-natives-syntax', '--input-type=module']
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, '--eval', program])
  const { later, soon } = JSON.parse(stdout) as { later: number; soon: number } // the program prints exactly this
  assert.equal(later & (maglev | turboFan), 0)
  assert.equal(soon & (maglev | turboFan), turboFan)
})
