/**
 * Container images without a registry. The base is made here: the Node binary that runs this test, the libraries it is
 * linked to, and /etc/passwd. The Chitin image comes from the project's Dockerfile by buildah, as a release's would.
 */
import { cp, lstat, mkdir, mkdtemp, readFile, readdir, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { packImage } from './archive.ts'
import { cacheRoot, cached, key } from './cache.ts'
import { run } from './shell.ts'

const project = join(import.meta.dirname, '..', '..')

/** The name of the image that has Node and nothing else; the echo backend runs from it. */
export const nodeImage = 'localhost/node:test'

/** The name of the image made from the project's Dockerfile. */
export const chitinImage = 'localhost/chitin:test'

const runtimeImage = 'localhost/cc:test'

/** The archive of the image that holds Node (the Dockerfile's BUILD). */
export async function ensureNodeImage(): Promise<string> {
  return await cached(`node-${process.version}-${await libraryKey()}.tar`, 'the Node base image', async (out) => {
    await base(nodeImage, out, [[process.execPath, '/usr/local/bin/node']], ['/usr/local/bin/node'])
  })
}

/** The archive of the image that holds the libraries Node needs, and not Node (the Dockerfile's RUNTIME). */
async function ensureRuntimeImage(): Promise<string> {
  return await cached(`cc-${await libraryKey()}.tar`, 'the runtime base image', async (out) => {
    await base(runtimeImage, out, [], [])
  })
}

/** The archive of the Chitin image; built again whenever a source, the lockfile or the Dockerfile changes. */
export async function ensureChitinImage(): Promise<string> {
  const bases = [await ensureNodeImage(), await ensureRuntimeImage()]
  const name = `chitin-${await sourceKey(bases)}.tar`
  const archive = await cached(name, 'the Chitin image from the Dockerfile', async (out) => {
    const work = await mkdtemp(join(tmpdir(), 'chitin-build-'))
    // A storage of its own: the machine's images and configuration are left alone, and all of it goes in one step.
    const env = { STORAGE_DRIVER: 'vfs', BUILDAH_ISOLATION: 'chroot', TMPDIR: work }
    const storage = ['--root', join(work, 'root'), '--runroot', join(work, 'run')]
    try {
      for (const path of bases) await run('buildah', [...storage, 'pull', '-q', `docker-archive:${path}`], { env })
      const context = await buildContext(work)
      const bud = ['bud', '-q', '--pull-never', '--build-arg', `BUILD=${nodeImage}`]
      await run(
        'buildah',
        [...storage, ...bud, '--build-arg', `RUNTIME=${runtimeImage}`, '-t', chitinImage, '-f', 'Dockerfile', '.'],
        { cwd: context, env },
      )
      await run('buildah', [...storage, 'push', '-q', chitinImage, `docker-archive:${out}:${chitinImage}`], { env })
    } finally {
      await rm(work, { recursive: true, force: true })
    }
  })
  // Each change of a source makes an image of 150 MB: only the latest is worth its room.
  for (const other of await readdir(cacheRoot))
    if (/^chitin-[0-9a-f]{12}\.tar$/.test(other) && other !== basename(archive)) await rm(join(cacheRoot, other))
  return archive
}

/** Where node_modules is a link to another checkout's, buildah would copy the link: follow it. */
async function buildContext(work: string): Promise<string> {
  if (!(await lstat(join(project, 'node_modules'))).isSymbolicLink()) return project
  const context = join(work, 'context')
  await mkdir(context)
  const names = ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'Dockerfile']
  for (const name of [...names, '.dockerignore', 'deploy', 'src'])
    await cp(join(project, name), join(context, name), { recursive: true })
  await run('cp', ['-a', await realpath(join(project, 'node_modules')), join(context, 'node_modules')])
  return context
}

async function sourceKey(bases: readonly string[]): Promise<string> {
  const parts: string[] = bases.map((path) => basename(path))
  for (const name of ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'Dockerfile'])
    parts.push(await readFile(join(project, name), 'utf8'))
  for (const name of ['.dockerignore', 'deploy/image.ts', 'deploy/unused.cjs'])
    parts.push(await readFile(join(project, name), 'utf8'))
  const sources = await readdir(join(project, 'src'), { recursive: true, withFileTypes: true })
  const files = sources
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    // Built from the sources; the image builds its own, see .dockerignore.
    .filter((file) => !file.includes('/crypto/wasm/kernels/'))
  for (const file of files.toSorted()) parts.push(file.slice(project.length), await readFile(file, 'utf8'))
  return key(...parts)
}

/** The shared libraries that a program is linked to, each by the path under which the loader looks for it. */
async function libraries(program: string): Promise<string[]> {
  const listed = await run('ldd', [program])
  return [...listed.matchAll(/(?:=> )?(\/\S+) \(0x/g)].flatMap(([, path]) => (path === undefined ? [] : [path]))
}

async function libraryKey(): Promise<string> {
  const parts: string[] = [passwd]
  for (const path of await libraries(process.execPath))
    parts.push(path, String((await lstat(await realpath(path))).mtimeMs))
  return key(...parts)
}

const passwd = 'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n'

async function base(
  name: string,
  out: string,
  files: readonly (readonly [from: string, to: string])[],
  command: readonly string[],
): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'chitin-base-'))
  try {
    const all = [...files, ...(await libraries(process.execPath)).map((path) => [path, path] as const)]
    for (const [from, to] of all) {
      await mkdir(join(root, dirname(to)), { recursive: true })
      await cp(await realpath(from), join(root, to))
    }
    await mkdir(join(root, 'etc'), { recursive: true })
    await writeFile(join(root, 'etc/passwd'), passwd)
    await writeFile(join(root, 'etc/group'), 'root:x:0:\nnonroot:x:65532:\n')
    await mkdir(join(root, 'tmp'), { recursive: true })
    await run('chmod', ['0755', root])
    await run('chmod', ['1777', join(root, 'tmp')])
    await packImage({ name, root, command }, out)
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}
