/** The end: the harness takes its cluster away, and the machine is as it was. */
import assert from 'node:assert/strict'
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { exists } from '../cache.ts'
import { run } from '../shell.ts'
import type { Scene } from './scene.ts'

export function end(scene: Scene): void {
  scene.step('the cluster stops without a trace', async () => {
    const { directory, namespace } = scene.cluster
    assert.notDeepEqual(await processesNaming(directory), [])
    await scene.close()
    assert.deepEqual(await processesNaming(directory), [])
    assert.equal(await exists(directory), false)
    assert.ok(!(await readFile('/proc/mounts', 'utf8')).includes(directory))
    assert.ok(!(await run('ip', ['netns', 'list'])).includes(namespace))
    const hierarchies = await readdir('/sys/fs/cgroup', { withFileTypes: true })
    const places = ['.', ...hierarchies.filter((entry) => entry.isDirectory()).map(({ name }) => name)]
    for (const place of places) assert.equal(await exists(join('/sys/fs/cgroup', place, namespace)), false, place)
  })
}

async function processesNaming(directory: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(
    pids.map(async (pid) => (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ')),
  )
  return lines.filter((line) => line.includes(directory))
}
