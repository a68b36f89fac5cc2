/** Gets what is missing: nginx and HAProxy from the distribution, the Go programs from `go/`. */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** The programs of `go/`, built into a folder. */
export interface GoPrograms {
  readonly client: string
  readonly backend: string
  readonly proxy: string
}

export function buildGo(folder: string): GoPrograms {
  if (spawnSync('go', ['version']).error !== undefined)
    throw new Error('go is not here: the load client is written in it (apt-get install golang, or https://go.dev/dl)')
  execFileSync('go', ['build', '-o', `${folder}/`, './client', './backend', './proxy'], {
    cwd: join(import.meta.dirname, 'go'),
    stdio: 'inherit',
  })
  return { client: join(folder, 'client'), backend: join(folder, 'backend'), proxy: join(folder, 'proxy') }
}

/** Chitin as its image has it. */
export function buildImage(folder: string): void {
  const inRoot = { cwd: join(import.meta.dirname, '..'), stdio: 'inherit' } as const
  execFileSync('npm', ['run', '--silent', 'build'], inRoot)
  execFileSync(process.execPath, ['deploy/image.ts', folder], inRoot)
}

/** Installs the Debian packages whose files are not there. */
export function installPeers(): void {
  const missing = Object.entries(files)
    .filter(([file]) => !existsSync(file))
    .map(([, name]) => name)
  if (missing.length === 0) return
  const install = ['apt-get', 'install', '--yes', '--no-install-recommends', ...missing] as const
  console.log(`installing what is missing: ${install.join(' ')}`)
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  for (const [program, ...args] of [['apt-get', 'update', '--quiet'], install] as const) {
    const { status, stderr } = spawnSync(program, args, { env: environment, encoding: 'utf8' })
    if (status !== 0) throw new Error(`${[program, ...args].join(' ')} failed; run it as root: ${stderr}`)
  }
}

export const nginxProgram = '/usr/sbin/nginx'
export const nginxStreamModule = '/usr/lib/nginx/modules/ngx_stream_module.so'
export const haproxyProgram = '/usr/sbin/haproxy'

const files = {
  [nginxProgram]: 'nginx-light',
  [nginxStreamModule]: 'libnginx-mod-stream',
  [haproxyProgram]: 'haproxy',
} as const
