/** Chapter 5: an nginx that is nobody's ingress controller, under a policy of its own beside the other. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { outsideAddress } from '../cluster.ts'
import { eventually } from '../shell.ts'
import type { Scene } from './scene.ts'

const host = 'site.example.com'
const namespace = ['-n', 'site'] as const
const policy = 'tlspolicies.tls.chitin.dev/site'

export function plainNginx(scene: Scene): void {
  scene.step('a plain nginx is served by a policy that names its plaintext port', async () => {
    const { cluster, shop } = scene
    await cluster.apply(await readFile(join(import.meta.dirname, '..', 'manifests', 'site.yaml'), 'utf8'))
    for (const kind of ['ecdsa', 'rsa'] as const) {
      const pair = await shop.authority.issue({ names: [host], kind })
      await shop.putCertificate(`site-${kind}`, pair, 'site')
    }
    await cluster.kubectl([...namespace, 'wait', policy, '--for=condition=Ready', '--timeout=240s'])
    const address = await cluster.kubectl([...namespace, 'get', 'service', 'site', '-o', 'jsonpath={.spec.clusterIP}'])
    const to = ['--resolve', `${host}:443:${address}`]
    for (const [flag, protocol] of [
      ['--http1.1', 'HTTP/1.1'],
      ['--http2', 'HTTP/2.0'],
    ] as const) {
      // kube-proxy learns a moment later that there is a new pod, and that the old one, where nobody listens, is gone.
      const { body } = await eventually('an answer', async () => await shop.request(`https://${host}/`, [...to, flag]))
      assert.equal(body, `${outsideAddress.ip4} ${protocol}`)
    }
    for (const [algorithm, type] of [
      ['ECDSA+SHA256', /ecdsa/i],
      ['RSA-PSS+SHA256', /rsa/i],
    ] as const) {
      const signed = await eventually('a handshake', async () => {
        return /Peer signature type: .*/.exec(await shop.handshake(host, address, `-sigalgs ${algorithm}`))?.[0]
      })
      assert.match(signed, type)
    }
  })

  scene.step('its policy can be deleted without the other one noticing', async () => {
    const { cluster } = scene
    const before = await scene.edge.pods()
    await cluster.kubectl([...namespace, 'delete', policy, '--timeout=180s'])
    const webhooks = ['get', 'mutatingwebhookconfiguration', 'chitin', '-o', 'jsonpath={.webhooks[*].name}']
    assert.match(await cluster.kubectl(webhooks), /^edge\.ingress-nginx\.\S+$/)
    await cluster.kubectl(['delete', 'namespace', 'site'])
    assert.deepEqual(
      (await scene.edge.pods()).map(({ metadata }) => metadata.uid).toSorted(),
      before.map(({ metadata }) => metadata.uid).toSorted(),
    )
  })
}
