/** Who is measured: each listens on a port with the same certificate, and passes what it hears to the same upstream. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { nodeFlags } from '../src/terminator/permissions.ts'
import { haproxyProgram, nginxProgram, nginxStreamModule } from './peers.ts'

export interface Place {
  /** For its configuration; nobody else's. */
  readonly folder: string
  readonly port: number
  readonly upstream: number
  readonly certificate: string
  readonly key: string
  readonly workers: number
  readonly connections: number
  readonly goProxy: string
  /** Chitin, as its image has it. */
  readonly app: string
}

export interface Contestant {
  readonly name: string
  /** Program and arguments. */
  readonly command: (place: Place) => readonly [string, ...string[]]
  /** It can be told how many workers to have. */
  readonly scales: boolean
}

/** The one that all ratios are to: the same job, by the software that does it everywhere. */
export const yardstick = 'nginx stream'

export const contestants: readonly Contestant[] = [
  { name: 'chitin noble', command: (place) => chitin('noble', place), scales: true },
  { name: 'chitin wasm', command: (place) => chitin('wasm', place), scales: true },
  { name: 'chitin native', command: (place) => chitin('native', place), scales: true },
  { name: yardstick, command: nginxStream, scales: true },
  { name: 'nginx http', command: nginxHttp, scales: true },
  { name: 'haproxy tcp', command: haproxy, scales: false },
  {
    name: 'go crypto/tls',
    command: ({ goProxy, port, upstream, certificate, key }) =>
      // prettier-ignore
      [goProxy, `127.0.0.1:${port}`, `127.0.0.1:${upstream}`, certificate, key],
    scales: false,
  },
  {
    name: 'node:tls',
    command: ({ port, upstream, certificate, key }) =>
      // prettier-ignore
      [process.execPath, join(root, 'bench/node-proxy.ts'), String(port), String(upstream), certificate, key],
    scales: false,
  },
]

/** As a pod runs it: bundled, under Node's permission model. */
function chitin(crypto: string, place: Place): readonly [string, ...string[]] {
  const { app, port, upstream, certificate, key, workers, connections } = place
  // prettier-ignore
  return [process.execPath, ...nodeFlags([app, dirname(certificate)]), join(app, 'dist/main.js'), 'terminator',
    '--certificate', certificate, '--key', key, '--alpn', 'h2', '--alpn', 'http/1.1', '--crypto', crypto,
    '--listen', `127.0.0.1:${port}`, '--upstream', `127.0.0.1:${upstream}`, '--workers', String(workers),
    '--max-connections', String(2 * connections + 1000), '--log-level', 'error']
}

function nginxStream(place: Place): readonly [string, ...string[]] {
  return nginx(
    place,
    `stream {
  server {
    listen 127.0.0.1:${place.port} ssl reuseport;
    ${certificateLines(place)}
    ssl_alpn h2 http/1.1;
    proxy_pass 127.0.0.1:${place.upstream};
  }
}`,
  )
}

/** More than the same job: it parses HTTP, and speaks HTTP/1.1 to the upstream whatever the client speaks. */
function nginxHttp(place: Place): readonly [string, ...string[]] {
  const { folder, port, upstream } = place
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  )
  return nginx(
    place,
    `http {
  ${paths.join(' ')}
  access_log off;
  client_max_body_size 0;
  keepalive_requests 1000000000;
  upstream behind { server 127.0.0.1:${upstream}; keepalive 64; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port} ssl http2 reuseport;
    ${certificateLines(place)}
    location / {
      proxy_pass http://behind;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_request_buffering off;
      proxy_max_temp_file_size 0;
    }
  }
}`,
  )
}

function nginx({ folder, workers, connections }: Place, block: string): readonly [string, ...string[]] {
  const configuration = join(folder, 'nginx.conf')
  writeFileSync(
    configuration,
    `load_module ${nginxStreamModule};
worker_processes ${workers};
daemon off;
pid ${folder}/nginx.pid;
error_log ${folder}/nginx.log error;
events { worker_connections ${2 * connections + 1000}; }
${block}
`,
  )
  return [nginxProgram, '-p', folder, '-e', join(folder, 'nginx.log'), '-c', configuration]
}

function certificateLines({ certificate, key }: Place): string {
  return `ssl_certificate ${certificate}; ssl_certificate_key ${key}; ssl_protocols TLSv1.2 TLSv1.3;`
}

function haproxy({ folder, port, upstream, certificate, key, connections }: Place): readonly [string, ...string[]] {
  const [configuration, both] = [join(folder, 'haproxy.cfg'), join(folder, 'both.pem')]
  writeFileSync(both, `${readFileSync(certificate, 'utf8')}${readFileSync(key, 'utf8')}`)
  // Left to itself it takes AES-256 from a client that prefers AES-128, as the others do not.
  writeFileSync(
    configuration,
    `global
  nbthread 1
  maxconn ${connections + 40}
  no strict-limits
  ssl-default-bind-ciphersuites TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
frontend tls
  bind 127.0.0.1:${port} ssl crt ${both} alpn h2,http/1.1
  default_backend plain
backend plain
  server upstream 127.0.0.1:${upstream}
`,
  )
  return [haproxyProgram, '-db', '-f', configuration]
}

/** A folder of its own for each server that is started. */
export function placeFolder(parent: string, name: string): string {
  const folder = join(parent, name.replace(/\W+/g, '-'))
  mkdirSync(folder, { recursive: true })
  return folder
}

const root = join(import.meta.dirname, '..')
