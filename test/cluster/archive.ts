/** A directory becomes a one-layer image, in the form that `ctr images import` and `buildah pull docker-archive:` take. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './shell.ts'

/** What the image says of itself. */
export interface ImageConfig {
  readonly name: string
  readonly root: string
  readonly command: readonly string[]
}

/** Packs `root` as an image archive at `out`. */
export async function packImage({ name, root, command }: ImageConfig, out: string): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'chitin-image-'))
  try {
    const layer = join(work, 'layer.tar')
    // Order, owner and time are fixed, so that the same directory is the same image.
    await run('tar', ['--sort=name', '--mtime=@0', '--numeric-owner', '-C', root, '-cf', layer, '.'])
    const config = JSON.stringify({
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      config: { Cmd: command, Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'] },
      rootfs: { type: 'layers', diff_ids: [`sha256:${await digest(layer)}`] },
      history: [{ created_by: 'test/cluster/archive.ts' }],
    })
    const configName = `${createHash('sha256').update(config).digest('hex')}.json`
    await writeFile(join(work, configName), config)
    await writeFile(
      join(work, 'manifest.json'),
      JSON.stringify([{ Config: configName, RepoTags: [name], Layers: ['layer.tar'] }]),
    )
    await run('tar', ['-C', work, '-cf', `${out}.half`, 'layer.tar', configName, 'manifest.json'])
    await rename(`${out}.half`, out)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function digest(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk as Uint8Array)
  return hash.digest('hex')
}
