/**
 * `node deploy/image.ts /app`: gathers what the image carries: dist/, package.json, and of node_modules exactly the
 * packages that the lockfile does not mark as for development. Runs inside the image's build, which has no npm.
 *
 * What runs for long is bundled, for each module that is loaded by itself costs memory: some 10 MiB in the terminator, of
 * which there is one beside every nginx, and 60 in the operator. Names stay as they are, so that a stack trace can be read.
 * esbuild, because it is what everybody bundles with, and needs no configuration but these lines.
 */
import { build, type BuildOptions } from 'esbuild'
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
const unused = join(import.meta.dirname, 'unused.cjs')
await bundle('terminator', ['terminator/run', 'terminator/worker', 'telemetry/log'], {
  // Only for prom-client's push gateway and winston's HTTP transport, and 3 MiB.
  alias: { https: unused },
})
await bundle('controller', ['controller/run', 'kube/client', 'kube/kube-error', 'crypto/load'], {
  alias: {
    // All that is asked of the package is to read a kubeconfig. Around that it has the models of every kind, 50 MiB,
    '@kubernetes/client-node': '@kubernetes/client-node/dist/config.js',
    // and an HTTP client of its own, 10 MiB, behind calls that transport.ts does not make.
    undici: unused,
  },
  plugins: [
    {
      name: 'without the models',
      setup(bundling) {
        bundling.onResolve({ filter: /^\.\/gen\/index\.js$/ }, ({ importer }) =>
          importer.includes('@kubernetes/client-node') ? { path: unused } : undefined,
        )
      },
    },
    {
      // To import node:http by name reads all of its exports, and among them are those that load the whole of fetch: 6 MiB.
      name: 'without fetch',
      setup(bundling) {
        bundling.onResolve({ filter: /^(node:)?http$/ }, () => ({ path: 'http', namespace: 'built-in' }))
        bundling.onLoad({ filter: /./, namespace: 'built-in' }, () => ({
          contents: "module.exports = process.getBuiltinModule('node:http')",
        }))
      },
    },
  ],
})

/** `chunks` is the folder for what the entries have in common. */
async function bundle(chunks: string, entries: readonly string[], options: BuildOptions): Promise<void> {
  await build({
    entryPoints: entries.map((entry) => `dist/${entry}.js`),
    outbase: 'dist',
    outdir: join(to as string, 'dist'), // it is checked above
    bundle: true,
    splitting: true,
    chunkNames: `${chunks}/[name]-[hash]`,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    // V8 keeps the text. Comments are a quarter of it, and of a text with one character beyond ASCII, which only comments
    // have, Node makes one of two bytes each: together 3 MiB in the operator. Lines stay short, for whoever reads a trace.
    minifyWhitespace: true,
    lineLimit: 120,
    legalComments: 'external',
    // Packages that are not ESM call `require`.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
    logLevel: 'warning',
    ...options,
  })
  // Chunks look for the kernels beside themselves.
  cpSync('dist/crypto/wasm/kernels', join(to as string, 'dist', chunks, 'kernels'), { recursive: true })
}
