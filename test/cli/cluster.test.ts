import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { test } from 'node:test'
import { connectTo } from '../../src/cli/cluster.ts'
import { UsageError } from '../../src/cli/options.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

test('a kubeconfig that is none is refused in a sentence, which holds nothing of what stands in it', () => {
  const folder = temporaryFolder('kubeconfig')
  const file = join(folder.path, 'config')
  const cases: readonly (readonly [string, RegExp])[] = [
    ['users: [{name: x, user: {token: "opensesame"}}\n', /config is not YAML$/],
    ['{users: [{name: x, user: {token: opensesame}}]}', /config: no cluster for the context "none"$/],
  ]
  for (const [text, message] of cases) {
    writeFileSync(file, text)
    assert.throws(
      () => connectTo({ kubeconfig: file, context: undefined }),
      (error) => {
        assert.ok(error instanceof UsageError)
        assert.match(error.message, message)
        assert.doesNotMatch(inspect(error, { depth: 9, showHidden: true }), /opensesame/)
        return true
      },
    )
  }
  assert.throws(
    () => connectTo({ kubeconfig: '/nowhere', context: undefined }),
    /--kubeconfig \/nowhere cannot be read: ENOENT/,
  )
  folder.remove()
})
