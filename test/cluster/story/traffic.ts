/** Chapter 2: what clients and backends see, and what nobody outside can reach. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { outsideAddress } from '../cluster.ts'
import { knock, type Door } from '../knock.ts'
import type { LivePod } from '../policy.ts'
import { ingressNginx, type Scene } from './scene.ts'

export function traffic(scene: Scene): void {
  for (const version of ['1.1', '2'] as const)
    scene.step(`HTTP/${version} reaches the backend, which sees the client's address and https`, async () => {
      const flag = version === '2' ? '--http2' : '--http1.1'
      for (const host of ['shop.example.com', 'api.example.com']) {
        const url = `https://${host}/some/path?q=1`
        assert.equal((await scene.shop.request(url, [flag])).version, version)
        const { headers, url: asked } = await scene.shop.echo(url, [flag])
        assert.equal(asked, '/some/path?q=1')
        assert.equal(headers['host'], host)
        assert.equal(headers['x-real-ip'], outsideAddress.ip4)
        assert.equal(headers['x-forwarded-for'], outsideAddress.ip4)
        assert.equal(headers['x-forwarded-proto'], 'https')
        assert.equal(headers['x-forwarded-port'], '443')
      }
    })

  scene.step('bodies of megabytes pass both ways, whole', async () => {
    const body = Buffer.alloc(8_000_000, 'there and back ')
    const file = join(scene.cluster.directory, 'body')
    await writeFile(file, body)
    for (const flag of ['--http1.1', '--http2']) {
      const echo = await scene.shop.echo('https://shop.example.com/upload', [flag, '--data-binary', `@${file}`])
      assert.deepEqual(echo.body, { bytes: body.length, sha256: createHash('sha256').update(body).digest('hex') })
      const answer = await scene.shop.request('https://shop.example.com/bytes/8000000', [flag])
      assert.equal(answer.body.length, 8_000_000)
    }
  })

  scene.step('each pod serves by Chitin itself, over IPv4 and IPv6', async () => {
    for (const pod of await scene.edge.pods()) {
      const before = await handshakes(scene, pod)
      for (const address of addresses(pod)) {
        const bracketed = address.includes(':') ? `[${address}]` : address
        const to = ['--resolve', `shop.example.com:443:${bracketed}`]
        const { headers } = await scene.shop.echo('https://shop.example.com/', to)
        assert.equal(headers['x-real-ip'], address.includes(':') ? outsideAddress.ip6 : outsideAddress.ip4)
      }
      assert.ok((await handshakes(scene, pod)) >= before + addresses(pod).length)
    }
  })

  scene.step('every line that a sidecar logs is a JSON object', async () => {
    for (const { metadata } of await scene.edge.pods()) {
      const log = await scene.cluster.kubectl([...ingressNginx, 'logs', metadata.name, '-c', 'chitin'])
      const lines = log.trim().split('\n')
      for (const line of lines) assert.equal(typeof JSON.parse(line), 'object', line)
      assert.ok(lines.some((line) => line.includes('"permissionModel":"on"')))
    }
  })

  scene.step('port 80 redirects to https, and only https answers carry HSTS', async () => {
    const plain = await scene.shop.request('http://shop.example.com/cart')
    assert.equal(plain.status, 308)
    assert.equal(plain.headers.get('location'), 'https://shop.example.com/cart')
    assert.equal(plain.headers.get('strict-transport-security'), undefined)
    for (const flag of ['--http1.1', '--http2']) {
      const { headers } = await scene.shop.request('https://shop.example.com/', [flag])
      assert.equal(headers.get('strict-transport-security'), 'max-age=31536000; includeSubDomains')
    }
  })

  scene.step('a name that there is no certificate for is refused by unrecognized_name', async () => {
    await assert.rejects(scene.shop.request('https://stranger.example.com/'), /unrecognized name/i)
  })

  scene.step("nginx's own ports cannot be reached from outside the pod, by IPv4 or IPv6", async () => {
    for (const pod of await scene.edge.pods()) {
      const listening = await listeningPorts(scene, pod)
      for (const flag of ['http-port', 'https-port'])
        assert.ok(listening.includes(portOf(pod, flag)), `nginx should listen on its ${flag}`)
      const doors = addresses(pod).flatMap((address) => listening.map((port): Door => ({ address, port })))
      const open = new Set((await knock(scene.cluster, doors)).map(({ port }) => port))
      // 10254 is the controller's own, for probes and Prometheus; 15900 is the sidecar's. ingress-nginx can't bind 8181 to
      // one address: it is where nginx itself looks for a default backend, and knows no answer but 404.
      assert.deepEqual(
        [...open].toSorted((a, b) => a - b),
        [80, 443, 8181, 10254, 15900],
      )
      const to = ['--resolve', `shop.example.com:8181:${pod.status.podIP}`]
      assert.equal((await scene.shop.request('http://shop.example.com:8181/', to)).status, 404)
      const ours = [80, 443].flatMap((port) => addresses(pod).map((address) => ({ address, port })))
      assert.deepEqual(await knock(scene.cluster, ours), ours)
    }
  })
}

/** A pod's addresses; on a kernel without IPv6 there is but one. */
function addresses({ status }: LivePod): string[] {
  return (status.podIPs ?? []).map(({ ip }) => ip)
}

function portOf({ spec }: LivePod, flag: string): number {
  const item = spec.containers.flatMap(({ args = [] }) => args).find((arg) => arg.startsWith(`--${flag}=`))
  return Number(item?.slice(flag.length + 3))
}

/** Every TCP port that anything in the pod listens on, on whatever address: what the kernel says. */
async function listeningPorts(scene: Scene, { metadata }: LivePod): Promise<number[]> {
  const exec = [...ingressNginx, 'exec', metadata.name, '-c', 'controller', '--']
  const tables = await scene.cluster.kubectl([...exec, 'cat', '/proc/net/tcp', '/proc/net/tcp6'])
  const ports = [...tables.matchAll(/^ *\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]+:0000 0A /gm)]
  return [...new Set(ports.map(([, port = '']) => Number.parseInt(port, 16)))]
}

/** How many handshakes the pod's sidecar says that it has completed. */
async function handshakes(scene: Scene, { status }: LivePod): Promise<number> {
  const { code, stdout } = await scene.cluster.outside('curl', ['-sS', `http://${status.podIP}:15900/metrics`])
  assert.equal(code, 0)
  const lines = stdout.split('\n').filter((line) => /^chitin_handshakes_total\{.*outcome="completed"/.test(line))
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}
