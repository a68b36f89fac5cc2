/** Chapter 3: clients that have to say who they are, by annotations of ingress-nginx; and sessions that go from pod to pod. */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Authority } from '../certificates.ts'
import { everywhere } from '../everywhere.ts'
import { ingressNginx, type Scene } from './scene.ts'

const api = 'https://api.example.com/'
const shop = 'https://shop.example.com/'
const prefix = 'nginx.ingress.kubernetes.io'

export function clients(scene: Scene): void {
  let ann: readonly string[]
  let eve: readonly string[]

  scene.step('an Ingress with auth-tls-secret lets in only whom its authority has vouched for', async () => {
    const staff = await Authority.create('staff')
    ann = await credentials(scene, staff, 'ann')
    eve = await credentials(scene, await Authority.create('staff'), 'eve')
    await scene.cluster.apply({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'staff-ca', namespace: 'shop' },
      stringData: { 'ca.crt': staff.certificate },
    })
    // The backend is told by nginx what nginx is told by the sidecar.
    await configure(scene, { 'location-snippet': 'proxy_set_header X-Client "$proxy_protocol_tlv_ssl_cn";' })
    await annotate(scene, `${prefix}/auth-tls-secret=shop/staff-ca`)
    await everywhere(scene.shop, 'strangers are refused', async (pod) => (await refusal(scene, api, pod)) !== '')
    assert.match(await refusal(scene, api, []), /certificate required/i)
    assert.match(await refusal(scene, api, eve), /unknown ca/i)
    await everywhere(scene.shop, 'nginx is told who it is', async (pod) => {
      const { headers } = await scene.shop.echo(api, [...ann, ...pod])
      return headers['x-client'] === 'ann'
    })
    assert.equal((await scene.shop.request(shop)).status, 200)
  })

  scene.step('nobody comes in by another name in the handshake than in the request', async () => {
    await everywhere(scene.shop, 'nginx guards the host', async (pod) => {
      const { status } = await scene.shop.request(shop, ['-H', 'Host: api.example.com', ...pod])
      return status === 421
    })
    for (const flag of ['--http1.1', '--http2']) {
      assert.equal((await scene.shop.request(shop, [flag, '-H', 'Host: api.example.com'])).status, 421)
      assert.equal((await scene.shop.request(shop, [flag, '-H', 'Host: api.example.com', ...ann])).status, 421)
      assert.equal((await scene.shop.request(shop, [flag])).status, 200)
      assert.equal((await scene.shop.request(api, [flag, ...ann])).status, 200)
    }
  })

  scene.step(
    'optional lets in who has none, and an annotation that cannot be honoured is refused by name',
    async () => {
      await annotate(scene, `${prefix}/auth-tls-verify-client=optional`)
      await everywhere(
        scene.shop,
        'strangers come in',
        async (pod) => (await scene.shop.request(api, pod)).status === 200,
      )
      assert.match(await refusal(scene, api, eve), /unknown ca/i)
      await annotate(scene, `${prefix}/auth-tls-match-cn=CN=ann`)
      const { message } = await scene.edge.condition('Accepted', 'False', 'UnsupportedFeature')
      assert.match(message ?? '', /Ingress shop\/api: .*auth-tls-match-cn/)
      assert.match(await refusal(scene, api, eve), /unknown ca/i)
      for (const name of ['secret', 'verify-client', 'match-cn']) await annotate(scene, `${prefix}/auth-tls-${name}-`)
      await everywhere(
        scene.shop,
        'everybody comes in',
        async (pod) => (await scene.shop.request(api, [...eve, ...pod])).status === 200,
      )
      await configure(scene, { 'location-snippet': null })
      await scene.cluster.kubectl(['-n', 'shop', 'delete', 'secret', 'staff-ca'])
      await scene.edge.condition('Ready', 'True', 'Ready')
    },
  )

  scene.step('a session that was begun at one pod is resumed at another', async () => {
    const pods = await scene.edge.pods()
    const [first, second] = pods.map(({ status }) => status.podIP ?? '')
    assert.ok(first && second, 'two ingress pods')
    const file = join(scene.cluster.directory, 'session')
    const handshake = async (address: string, options: string): Promise<string> =>
      await scene.shop.handshake('shop.example.com', address, options, { lingerSeconds: 1 })
    assert.match(await handshake(first, `-sess_out ${file}`), /^New, TLSv1\.3/m)
    assert.match(await handshake(second, `-sess_in ${file}`), /^Reused, TLSv1\.3/m)
  })
}

/** A client certificate as curl takes it. */
export async function credentials(scene: Scene, authority: Authority, name: string): Promise<readonly string[]> {
  const { certificate, key } = await authority.issue({ subject: `CN=${name}` })
  const file = join(scene.cluster.directory, name)
  await writeFile(`${file}.pem`, certificate)
  await writeFile(`${file}.key`, key)
  return ['--cert', `${file}.pem`, '--key', `${file}.key`]
}

async function annotate(scene: Scene, annotation: string): Promise<void> {
  await scene.cluster.kubectl(['-n', 'shop', 'annotate', '--overwrite', 'ingress/api', annotation])
}

async function configure(scene: Scene, data: Readonly<Record<string, string | null>>): Promise<void> {
  const patch = ['patch', 'configmap', 'ingress-nginx-controller', '--type=merge', '-p', JSON.stringify({ data })]
  await scene.cluster.kubectl([...ingressNginx, ...patch])
}

/** How curl says that the handshake failed; empty where it did not. */
export async function refusal(scene: Scene, url: string, options: readonly string[]): Promise<string> {
  try {
    await scene.shop.request(url, options)
    return ''
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
