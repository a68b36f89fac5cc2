/**
 * The real ingress-nginx for the cluster tests: its controller from its Go module, its own template and Lua, on Debian
 * trixie's nginx with the Lua module. Made once, in 3 to 6 minutes, and kept in the cache.
 */
import { chmod, cp, mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { packImage } from './archive.ts'
import { cached, key } from './cache.ts'
import { prerequisites } from './prerequisites.ts'
import { run, say } from './shell.ts'

const module = 'k8s.io/ingress-nginx'
const version = 'v0.0.0-20240708192948-52c50467d67d'
const suite = 'trixie'
const packages = [
  'ca-certificates',
  'curl',
  'nginx-light',
  'libnginx-mod-http-lua',
  'libnginx-mod-http-ndk',
  'libnginx-mod-http-headers-more-filter',
  'lua-resty-core',
  'lua-resty-lrucache',
  'lua-cjson',
  'lua-nginx-cookie',
  'lua-nginx-dns',
  'lua-nginx-string',
]
const here = join(import.meta.dirname, 'ingress-nginx')

/** The name under which the ingress-nginx image is imported; plain nginx runs from it too. */
export const ingressNginxImage = 'localhost/ingress-nginx:test'

/** The archive of the ingress-nginx image. */
export async function ensureIngressNginx(): Promise<string> {
  const ours: string[] = []
  for (const entry of (await readdir(here, { recursive: true, withFileTypes: true })).toSorted((a, b) =>
    join(a.parentPath, a.name) < join(b.parentPath, b.name) ? -1 : 1,
  ))
    if (entry.isFile()) ours.push(entry.name, await readFile(join(entry.parentPath, entry.name), 'utf8'))
  return await cached(
    `ingress-nginx-${key(version, suite, ...packages, ...ours)}.tar`,
    'ingress-nginx',
    async (out) => {
      await prerequisites()
      const { binary, source } = await buildController()
      const debian = await ensureDebian()
      const root = `${out}.root`
      await run('rm', ['-rf', root])
      await run('cp', ['-a', debian, root])
      await assemble(root, binary, source)
      await packImage({ name: ingressNginxImage, root, command: ['/start'] }, out)
      await run('rm', ['-rf', root])
    },
  )
}

/** The real controller, built from its module; and where the module's source is. */
async function buildController(): Promise<{ binary: string; source: string }> {
  const directory = await cached(
    `ingress-nginx-controller-${version}`,
    'the ingress-nginx controller',
    async (path) => {
      await mkdir(path, { recursive: true })
      const env = { GOFLAGS: '-mod=mod', CGO_ENABLED: '0', GOWORK: 'off' }
      const go = async (...arguments_: string[]): Promise<string> => await run('go', arguments_, { cwd: path, env })
      await writeFile(
        join(path, 'go.mod'),
        `module chitin.dev/test/ingress-nginx\n\ngo 1.26.0\n\nrequire ${module} ${version}\n`,
      )
      await writeFile(join(path, 'tools.go'), `//go:build tools\n\npackage tools\n\nimport _ "${module}/cmd/nginx"\n`)
      say('fetching the Go modules of ingress-nginx')
      const { Dir } = JSON.parse(await go('mod', 'download', '-json', `${module}@${version}`)) as { Dir: string }
      // One of its dependencies is gone from the checksum database: its own go.sum vouches for it.
      await writeFile(join(path, 'go.sum'), await readFile(join(Dir, 'go.sum')))
      await go('mod', 'tidy', '-e')
      await go('build', '-trimpath', '-ldflags', '-s -w', '-o', join(path, 'controller'), `${module}/cmd/nginx`)
      await run('cp', ['-r', join(Dir, 'rootfs'), join(path, 'rootfs')])
      await run('chmod', ['-R', 'u+w', join(path, 'rootfs')])
    },
  )
  return { binary: join(directory, 'controller'), source: join(directory, 'rootfs') }
}

/** The root of a newer Debian with nginx; the fuzzer borrows its libraries where the machine's are too old. */
export async function ensureDebian(): Promise<string> {
  return await cached(`debian-${suite}-${key(...packages)}`, `Debian ${suite} with nginx and Lua`, async (path) => {
    await prerequisites()
    await run('debootstrap', ['--variant=minbase', `--include=${packages.join(',')}`, suite, path])
    await run('rm', ['-rf', join(path, 'var/cache/apt/archives'), join(path, 'var/lib/apt/lists')])
  })
}

async function assemble(root: string, binary: string, source: string): Promise<void> {
  await cp(binary, join(root, 'nginx-ingress-controller'))
  await cp(join(source, 'etc/nginx'), join(root, 'etc/nginx'), { recursive: true, force: true })
  await cp(join(here, 'lua'), join(root, 'usr/share/lua/5.1'), { recursive: true, force: true })
  // Debian has no Lua module for nginx's stream{}: TCP and UDP proxying stay out of the template.
  const template = await readFile(join(source, 'etc/nginx/template/nginx.tmpl'), 'utf8')
  const lines = template.split('\n')
  const from = lines.findIndex((line) => line.startsWith('stream {'))
  const to = lines.findIndex((line, index) => index > from && line.startsWith('}'))
  if (from < 0 || to < 0) throw new Error('the template of ingress-nginx has no stream block any more')
  lines.splice(from, to - from + 1)
  await writeFile(join(root, 'etc/nginx/template/nginx.tmpl'), lines.join('\n'))
  await cp(join(here, 'nginx-with-modules'), join(root, 'usr/bin/nginx-with-modules'))
  await cp(join(here, 'start'), join(root, 'start'))
  for (const program of ['usr/bin/nginx-with-modules', 'start', 'nginx-ingress-controller'])
    await chmod(join(root, program), 0o755)
}
