/**
 * `node deploy/image.ts /app`: gathers what the image carries: dist/, package.json, and of node_modules exactly the
 * packages that the lockfile does not mark as for development. Runs inside the image's build, which has no npm.
 */
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
