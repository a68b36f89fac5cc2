/** A shop behind ingress-nginx, as somebody had it before Chitin: two hosts, their certificates in Secrets, a backend. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Authority } from './certificates.ts'
import type { LeafRequest, Pair } from './certificates.ts'
import { startCluster } from './cluster.ts'
import type { Cluster } from './cluster.ts'
import { chitinImage, ensureChitinImage, ensureNodeImage } from './images.ts'
import { ensureIngressNginx } from './ingress-nginx.ts'
import { run } from './shell.ts'

const here = import.meta.dirname
const shopFiles = join(here, 'manifests')

/** The image that the chart runs by default. */
export const releasedImage = 'ghcr.io/chitin-dev/chitin:0.1.0'

/** What the backend says it was asked. */
export interface Echo {
  readonly method: string
  readonly url: string
  readonly httpVersion: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly from: string
  readonly body: { readonly bytes: number; readonly sha256: string }
}

/** An HTTP answer as curl saw it. */
export interface Answer {
  readonly status: number
  /** `1.1` or `2`. */
  readonly version: string
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

/** The cluster, and what a user of it knows: where the ingress is and whom to trust. */
export class Shop {
  readonly cluster: Cluster
  readonly authority: Authority
  readonly caFile: string
  /** The ingress Service's address. */
  address = ''

  constructor(cluster: Cluster, authority: Authority) {
    this.cluster = cluster
    this.authority = authority
    this.caFile = join(cluster.directory, 'shop-ca.crt')
  }

  /** Writes a Secret with a certificate, as cert-manager or a person would. */
  async putCertificate(secret: string, pair: Pair, namespace = 'shop'): Promise<void> {
    await this.cluster.apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: secret, namespace },
      type: 'kubernetes.io/tls',
      stringData: { 'tls.crt': pair.certificate, 'tls.key': pair.key },
    })
  }

  /** Issues a certificate and puts it into a Secret. */
  async issue(secret: string, request: LeafRequest): Promise<Pair> {
    const pair = await this.authority.issue(request)
    await this.putCertificate(secret, pair)
    return pair
  }

  /** One request from outside the cluster through the ingress Service. Throws with curl's words when there is no answer. */
  async request(url: string, options: readonly string[] = []): Promise<Answer> {
    const { hostname } = new URL(url)
    const to = [443, 80].flatMap((port) => ['--resolve', `${hostname}:${port}:${this.address}`])
    const all = ['-sS', '-i', '-m', '20', '--cacert', this.caFile, ...to, ...options, url]
    const { code, stdout, stderr } = await this.cluster.outside('curl', all)
    if (code !== 0) throw new Error(`curl ${url}: ${stderr.trim()} (exit code ${code})`)
    return parseAnswer(stdout)
  }

  /** What the backend says about a request to it. */
  async echo(url: string, options: readonly string[] = []): Promise<Echo> {
    const answer = await this.request(url, options)
    if (answer.status !== 200) throw new Error(`${url}: ${answer.status} ${answer.body.slice(0, 200)}`)
    return JSON.parse(answer.body) as Echo
  }

  /**
   * All that openssl s_client says of a handshake for a name at an address. Tickets come behind a handshake: whoever wants
   * to see them stays for a second.
   */
  async handshake(name: string, address: string, options = '', { lingerSeconds = 0 } = {}): Promise<string> {
    const command = `sleep "$2" | openssl s_client -connect "$0:443" -servername "$1" ${options} 2>&1`
    const place = [address, name, String(lingerSeconds)]
    return (await this.cluster.outside('sh', ['-c', command, ...place], { timeoutMs: 15_000 })).stdout
  }

  /** The leaf that is served for a name at an address, as hex SHA-256; `tls` says how the handshake went. */
  async served(name: string, address = this.address): Promise<{ fingerprint: string; tls: string }> {
    const said = await this.handshake(name, address)
    if (!said.includes('BEGIN CERTIFICATE')) throw new Error(`${name}: no certificate: ${said.trim().slice(-300)}`)
    const fingerprint = await run('openssl', ['x509', '-noout', '-fingerprint', '-sha256'], { input: said })
    const tls = /^\s*(?:New, )?(TLSv1\.\d)[,\s].*$/m.exec(said)?.[0] ?? ''
    return { fingerprint: fingerprint.split('=')[1]?.trim().replaceAll(':', '').toLowerCase() ?? '', tls: tls.trim() }
  }
}

/** A cluster with the shop in it, served by ingress-nginx and its own TLS. */
export async function startShop({ name }: { readonly name: string }): Promise<Shop> {
  // Built first: a cluster that waits for a build only burns the processor it needs.
  const archives = [await ensureIngressNginx(), await ensureNodeImage(), await ensureChitinImage()]
  const cluster = await startCluster({ name })
  try {
    for (const archive of archives) await cluster.importImage(archive)
    await cluster.tagImage(chitinImage, releasedImage)
    const shop = new Shop(cluster, await Authority.create('shop-ca'))
    await openShop(shop)
    return shop
  } catch (error) {
    await cluster.stop()
    throw error
  }
}

async function openShop(shop: Shop): Promise<void> {
  const { cluster } = shop
  await writeFile(shop.caFile, shop.authority.certificate)
  await cluster.kubectl(['create', 'namespace', 'shop'])
  await cluster.kubectl(['-n', 'shop', 'create', 'configmap', 'echo', `--from-file=${join(here, 'echo.ts')}`])
  await shop.issue('shop-tls', { names: ['shop.example.com'] })
  await shop.issue('api-tls', { names: ['api.example.com'], kind: 'rsa' })
  for (const file of ['ingress-nginx.yaml', 'shop.yaml'])
    await cluster.apply(await readFile(join(shopFiles, file), 'utf8'))
  for (const target of ['shop deployment/echo', 'ingress-nginx deployment/ingress-nginx-controller']) {
    const [namespace = '', deployment = ''] = target.split(' ')
    await cluster.kubectl(['-n', namespace, 'rollout', 'status', deployment, '--timeout=180s'])
  }
  const service = ['-n', 'ingress-nginx', 'get', 'service', 'ingress-nginx-controller', '-o']
  shop.address = (await cluster.kubectl([...service, 'jsonpath={.spec.clusterIP}'])).trim()
}

function parseAnswer(text: string): Answer {
  // Interim answers (100 Continue) come before the one that counts.
  let rest = text
  for (;;) {
    const end = rest.indexOf('\r\n\r\n')
    const [first = '', ...lines] = rest.slice(0, end).split('\r\n')
    const body = rest.slice(end + 4)
    const match = /^HTTP\/([\d.]+) (\d{3})/.exec(first)
    if (match?.[1] === undefined || end < 0) throw new Error(`not an HTTP answer: ${text.slice(0, 200)}`)
    if (match[2]?.startsWith('1') === true) {
      rest = body
      continue
    }
    const headers = lines.map((line): [string, string] => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    })
    return { status: Number(match[2]), version: match[1], headers: new Map(headers), body }
  }
}
