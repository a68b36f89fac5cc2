/** Chapter 11: the same once more by `kubectl apply`, for an ingress-nginx behind a load balancer that speaks PROXY. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { askThroughBalancer } from '../balancer.ts'
import { inventory } from '../inventory.ts'
import { isServed } from '../policy.ts'
import { eventually } from '../shell.ts'
import type { Echo } from '../shop.ts'
import { assertAsBefore, type Before } from './removal.ts'
import { ingressNginx, type Scene } from './scene.ts'

const file = join(import.meta.dirname, '..', '..', '..', 'deploy', 'install.yaml')
const host = 'shop.example.com'

export function manifest(scene: Scene, before: () => Before): void {
  scene.step('kubectl apply -f deploy/install.yaml brings two replicas up', async () => {
    await scene.cluster.kubectl(['apply', '-f', file])
    await scene.operator.ready()
    assert.equal((await scene.operator.pods()).length, 2)
  })

  scene.step(
    'where nginx expects PROXY from a load balancer, the sidecar does, and is verified all the same',
    async () => {
      await configure(scene, { 'use-proxy-protocol': 'true' })
      await eventually('nginx wants a PROXY header', async () => ((await asksPlain(scene)) ? undefined : true))
      await scene.edge.apply({ enforcement: 'Enforce' })
      await scene.edge.condition('ServedVerified', 'True', 'AllPodsMatch')
      await scene.edge.condition('Ready', 'True', 'Ready')
      const { address, caFile } = scene.shop
      for (const protocol of ['http/1.1', 'h2'] as const) {
        const ask = { host, address, caFile, protocol, client: '203.0.113.9' }
        // A fresh ingress-nginx is ready before it knows its endpoints, and says 503, which is no echo.
        const answer = async (): Promise<Echo> => await askThroughBalancer(scene.cluster, ask)
        const { headers } = await eventually('an echo', answer)
        assert.equal(headers['x-real-ip'], '203.0.113.9')
        assert.equal(headers['x-forwarded-proto'], 'https')
      }
      // Without the header nobody could say who the client is.
      assert.equal(await asksPlain(scene), false)
    },
  )

  scene.step('a replaced Secret is served and verified there, too', async () => {
    const pair = await scene.shop.issue('shop-tls', { names: [host] })
    await scene.edge.certificate(host, 'served by both pods', (one) => isServed(one, pair.fingerprint, 2))
  })

  scene.step('deleting the policies and the manifest leaves nothing', async () => {
    await scene.cluster.kubectl(['delete', 'tlspolicies.tls.chitin.dev', '--all', '-A', '--timeout=240s'])
    await configure(scene, { 'use-proxy-protocol': null })
    await scene.cluster.kubectl(['delete', '-f', file, '--timeout=180s'])
    await assertAsBefore(scene, before())
    assert.deepEqual(await inventory(scene.cluster), before().inventory)
  })
}

/** Changes ingress-nginx's own ConfigMap, as its owner would. */
async function configure(scene: Scene, data: Readonly<Record<string, string | null>>): Promise<void> {
  const patch = JSON.stringify({ data })
  const configMap = ['configmap', 'ingress-nginx-controller', '--type=merge', '-p', patch]
  await scene.cluster.kubectl([...ingressNginx, 'patch', ...configMap])
}

/** Whether a client without a PROXY header gets an answer. */
async function asksPlain(scene: Scene): Promise<boolean> {
  return await scene.shop.request(`https://${host}/`).then(
    () => true,
    () => false,
  )
}
