/** The webhook as the operator serves it, with caches that are filled by hand and no API server behind it. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { test } from 'node:test'
import type { Secret } from '../../src/api/secret.ts'
import { ServingWebhook } from '../../src/controller/serving-webhook.ts'
import { createWorld } from '../../src/controller/world.ts'
import { noble } from '../../src/crypto/noble/provider.ts'
import type { Cache } from '../../src/kube/cache.ts'
import type { KubeClient } from '../../src/kube/client.ts'
import { logThrough } from '../../src/telemetry/log.ts'
import { operatorMetrics } from '../../src/telemetry/operator-metrics.ts'
import { mutatePodPath } from '../../src/webhook/routes.ts'
import { ingressNginxPod } from '../support/pods.ts'

test('a pod is judged only when all caches are filled, and counted where it is really made', async (t) => {
  const end = new AbortController()
  let port = 0
  const log = logThrough('info', (_level, message, fields) => {
    if (message === 'webhook listens') port = Number(fields['port'])
  })
  const client: Partial<KubeClient> = {
    find: async () => undefined,
    create: async (_type, made) => made as Secret as never, // it hands back what it was given
  }
  const quiet = { trouble: () => undefined, error: (error: unknown) => assert.fail(String(error)) }
  const world = createWorld(client as KubeClient, quiet)
  const metrics = operatorMetrics()
  const webhook = new ServingWebhook({
    client: client as KubeClient,
    namespace: 'chitin-system',
    service: 'chitin-webhook',
    webhook: { host: '127.0.0.1', port: 0 },
    crypto: noble,
    log,
    around: {
      world,
      sidecarImage: 'chitin:1',
      configMap: async () => undefined,
      mayList: async () => false,
      excluded: [],
    },
    metrics,
  })
  await webhook.start(end.signal)
  t.after(async () => {
    end.abort()
    await webhook.done()
  })
  const counted = async (): Promise<number> =>
    (await metrics.admissions.get()).values.reduce((sum, { value }) => sum + value, 0)
  const caches = world.all as readonly Cache[] // that is what they are, of all kinds

  // One that is empty still would look as if no policy selected the pod.
  for (const cache of caches) {
    assert.equal(await review(port, false), 500)
    cache.markSynced()
  }
  assert.ok(caches.length >= 9)
  assert.equal(await review(port, false), 200)
  assert.equal(await counted(), 1)
  assert.equal(await review(port, true), 200)
  assert.equal(await counted(), 1)
})

async function review(port: number, dryRun: boolean): Promise<number | undefined> {
  const kind = { group: '', version: 'v1', kind: 'Pod' }
  const object = ingressNginxPod()
  const asked = { uid: 'u', kind, namespace: 'edge', name: '', operation: 'CREATE', dryRun, object }
  const sent = request({ host: '127.0.0.1', port, path: mutatePodPath, method: 'POST', rejectUnauthorized: false })
  sent.end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request: asked }))
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  answer.resume()
  return answer.statusCode
}
