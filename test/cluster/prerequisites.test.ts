import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { attempt } from './shell.ts'

const program = `
import { prerequisites } from ${JSON.stringify(join(import.meta.dirname, 'prerequisites.ts'))}
try {
  await prerequisites(process.argv[1])
} catch (error) {
  console.log(error.message)
}`

/** What is said on a machine that has no programs at all, and nothing to install them with. */
async function missing(part: string): Promise<string> {
  const node = [process.execPath, '--input-type=module-typescript', '-e', program, part]
  const { stdout } = await attempt('/usr/bin/env', ['PATH=/nowhere', ...node])
  return stdout
}

test('a machine that cannot run the cluster is told all that is missing, and how to get it', async () => {
  const said = await missing('cluster')
  assert.match(said, /This machine can't run this stage yet/)
  assert.match(said, /go 1\.26 or later.*https:\/\/go\.dev\/dl\//)
  const [, packages] = /apt-get install -y --no-install-recommends (.*) \(as root\)/.exec(said) ?? []
  for (const name of ['containerd', 'runc', 'etcd-server', 'buildah', 'iptables', 'unzip', 'curl'])
    assert.ok(packages?.split(' ').includes(name), name)
})

test('a stage that needs less is told less', async () => {
  const said = await missing('etcd')
  assert.match(said, /apt-get install -y --no-install-recommends etcd-server \(as root\)/)
  assert.doesNotMatch(said, /go 1\.26|containerd/)
})
