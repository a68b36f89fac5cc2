/** Who is measured: each listens on a port with the same certificate, and passes bytes to the same backend. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { homedir } from 'node:os'
import { join } from 'node:path'

export interface Place {
  readonly folder: string
  readonly port: number
  readonly backend: number
  readonly certificate: string
  readonly key: string
}

export interface Contestant {
  readonly name: string
  /** Program and arguments. */
  readonly command: (place: Place) => readonly [string, ...string[]]
}

export const contestants: readonly Contestant[] = [
  { name: 'chitin noble', command: (place) => chitin('noble', place) },
  { name: 'chitin native', command: (place) => chitin('native', place) },
  { name: 'nginx stream', command: nginx },
  {
    name: 'node:tls',
    command: ({ port, backend, certificate, key }) =>
      // prettier-ignore
      [process.execPath, join(import.meta.dirname, 'node-proxy.ts'), String(port), String(backend), certificate, key],
  },
]

function chitin(crypto: string, { port, backend, certificate, key }: Place): readonly [string, ...string[]] {
  const main = join(import.meta.dirname, '..', 'dist', 'main.js')
  // prettier-ignore
  return [process.execPath, main, 'terminator', '--certificate', certificate, '--key', key, '--crypto', crypto,
    '--listen', `127.0.0.1:${port}`, '--upstream', `127.0.0.1:${backend}`, '--workers', '1', '--log-level', 'error']
}

function nginx({ folder, port, backend, certificate, key }: Place): readonly [string, ...string[]] {
  const program = ['/usr/sbin/nginx', '/usr/local/sbin/nginx', '/usr/local/bin/nginx'].find((path) => existsSync(path))
  if (program === undefined) throw new Error('nginx is not here: apt-get install nginx-light')
  const configuration = join(folder, 'nginx.conf')
  writeFileSync(
    configuration,
    `load_module ${streamModule()};
worker_processes 1;
daemon off;
pid ${folder}/nginx.pid;
error_log ${folder}/nginx.log error;
events { worker_connections 8192; }
stream {
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${certificate};
    ssl_certificate_key ${key};
    ssl_protocols TLSv1.3;
    ssl_session_cache off;
    ssl_session_tickets off;
    proxy_pass 127.0.0.1:${backend};
  }
}
`,
  )
  return [program, '-p', folder, '-e', join(folder, 'nginx.log'), '-c', configuration]
}

/** Debian keeps it in a package of its own. It is fetched and unpacked beside, not installed: this machine stays as it is. */
function streamModule(): string {
  const file = 'usr/lib/nginx/modules/ngx_stream_module.so'
  if (existsSync(`/${file}`)) return `/${file}`
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'chitin-bench')
  const module = join(cache, 'nginx-stream', file)
  if (existsSync(module)) return module
  mkdirSync(cache, { recursive: true })
  console.log(`fetching nginx's stream module into ${cache} (apt-get download libnginx-mod-stream)`)
  execFileSync('apt-get', ['download', 'libnginx-mod-stream'], { cwd: cache, stdio: 'inherit' })
  const archive = readdirSync(cache).find((name) => /^libnginx-mod-stream_.*\.deb$/.test(name)) ?? ''
  execFileSync('dpkg-deb', ['-x', archive, join(cache, 'nginx-stream')], { cwd: cache })
  return module
}
