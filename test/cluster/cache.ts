/**
 * Slow builds (Kubernetes' binaries, nginx's root file system) are made once and kept outside the tree, keyed by
 * whatever they depend on. Two processes that want the same thing build it once.
 */
import { createHash } from 'node:crypto'
import { mkdir, open, readFile, rename, rm, stat, unlink } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { pause, say } from './shell.ts'

/** Where slow builds are kept; `CHITIN_CACHE` moves it. */
export const cacheRoot: string = process.env['CHITIN_CACHE'] ?? join(homedir(), '.cache', 'chitin')

/** A short name for everything that a build depends on. */
export function key(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${part.length}:`).update(part)
  return hash.digest('hex').slice(0, 12)
}

/** True when something is at this path. */
export async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  )
}

/** The path of a cached file or directory; `build` makes it at the path it is given when it is not there yet. */
export async function cached(name: string, what: string, build: (path: string) => Promise<void>): Promise<string> {
  const path = join(cacheRoot, name)
  if (await exists(path)) return path
  await mkdir(cacheRoot, { recursive: true })
  return await alone(name, async () => {
    if (await exists(path)) return path
    // Built beside its place and moved in one step: what is in the cache is always whole.
    const half = `${path}.half`
    await rm(half, { recursive: true, force: true })
    say(`building ${what} (once; kept in ${path})`)
    const started = performance.now()
    await build(half)
    await rename(half, path)
    say(`built ${what} in ${((performance.now() - started) / 1000).toFixed(0)} s`)
    return path
  })
}

/** Runs `work` while no other process that asks for this name does. A lock whose owner has died counts for nothing. */
export async function alone<T>(name: string, work: () => Promise<T>): Promise<T> {
  await mkdir(cacheRoot, { recursive: true })
  const path = join(cacheRoot, `${name}.lock`)
  let told = false
  for (;;) {
    try {
      const handle = await open(path, 'wx')
      await handle.writeFile(String(process.pid))
      await handle.close()
      break
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const owner = Number(await readFile(path, 'utf8').catch(() => ''))
    if (owner > 0 && !alive(owner)) {
      await unlink(path).catch(() => undefined)
      continue
    }
    if (!told) say(`waiting for process ${owner}, which builds ${name}`)
    told = true
    await pause(500)
  }
  try {
    return await work()
  } finally {
    await unlink(path).catch(() => undefined)
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
