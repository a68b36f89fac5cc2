/**
 * `node deploy/image.ts /app`: gathers what the image carries: dist/, package.json, and of node_modules exactly the
 * packages that the lockfile does not mark as for development. Runs inside the image's build, which has no npm.
 *
 * The terminator is bundled: there is one beside every nginx, and each module that is loaded by itself costs memory, some
 * 10 MiB in all. Nothing is minified, so that a stack trace can be read. esbuild, because it is what everybody bundles
 * with, and needs no configuration but these lines.
 */
import { build } from 'esbuild'
import { cpSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

interface Lockfile {
  readonly packages: Readonly<
    Record<string, { readonly dev?: boolean; readonly devOptional?: boolean; readonly optional?: boolean }>
  >
}

const to = process.argv[2]
if (to === undefined) throw new Error('usage: node deploy/image.ts DIRECTORY')

for (const path of ['dist', 'package.json']) cpSync(path, join(to, path), { recursive: true })

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as Lockfile
for (const [path, entry] of Object.entries(packages)) {
  if (path === '' || entry.dev === true || entry.devOptional === true) continue
  // An optional package may be missing: it was built for another platform.
  if (entry.optional === true && !existsSync(path)) continue
  // Packages nested inside this one have entries of their own, some of them for development only.
  cpSync(path, join(to, path), {
    recursive: true,
    dereference: true,
    filter: (source) => source === path || !source.slice(path.length).startsWith('/node_modules'),
  })
}

// In place of the modules of the same names, so that whoever imports them does not notice.
const folder = 'dist/terminator'
await build({
  entryPoints: [`${folder}/run.js`, `${folder}/worker.js`, 'dist/telemetry/log.js'],
  outbase: 'dist',
  outdir: join(to, 'dist'),
  bundle: true,
  splitting: true,
  chunkNames: 'terminator/[name]-[hash]',
  format: 'esm',
  platform: 'node',
  target: 'node24',
  // Only for prom-client's push gateway and winston's HTTP transport, which are not used, and 3 MiB.
  alias: { https: join(import.meta.dirname, 'no-https.cjs') },
  // Packages that are not ESM call `require`.
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
  logLevel: 'warning',
})
// Chunks look for the kernels beside themselves.
cpSync('dist/crypto/wasm/kernels', join(to, folder, 'kernels'), { recursive: true })
