/** Chapter 9: processes are killed, pods restart, the operator is away. */
import assert from 'node:assert/strict'
import type { Pair } from '../certificates.ts'
import { answersEverywhere } from '../everywhere.ts'
import { isInjected, isReady, type LivePod } from '../policy.ts'
import { eventually } from '../shell.ts'
import { ingressNginx, type Scene } from './scene.ts'

const host = 'shop.example.com'

export function failures(scene: Scene): void {
  let good: Pair

  scene.step('the operator is killed, and no request fails', async () => {
    await scene.scale(2)
    const load = await scene.load(host)
    const before = await scene.operator.restarts()
    await scene.operator.kill()
    await eventually('it is started again', async () =>
      (await scene.operator.restarts()) >= before + 2 ? true : undefined,
    )
    await scene.operator.ready()
    // Whoever leads now has to wait until the Lease of the dead has run out; then it works as before.
    good = await scene.shop.issue('shop-tls', { names: [host] })
    await scene.edge.certificate(host, 'rotated', (one) => one.fingerprintSHA256 === good.fingerprint, 120_000)
    await scene.edge.condition('Ready', 'True', 'Ready')
    const { answered, failed, failures: why } = await load.stop()
    assert.deepEqual([failed, why], [0, []])
    assert.ok(answered > 0)
  })

  scene.step('sidecar and nginx are killed without operator and good Secret, and serve again', async () => {
    await scene.shop.putCertificate('shop-tls', { ...good, certificate: 'garbage' })
    await scene.edge.condition('CertificatesValid', 'False', 'MalformedPEM')
    await scene.operator.stop()
    for (const pod of await scene.edge.pods()) {
      for (const id of containerIds(pod)) await scene.cluster.kill(id)
      await eventually('the pod is back', async () => {
        const now = (await scene.edge.pods()).find(({ metadata }) => metadata.uid === pod.metadata.uid)
        const ids = now === undefined ? [] : containerIds(now)
        const isNew = ids.length === 2 && ids.every((id) => !containerIds(pod).includes(id))
        return isNew && now !== undefined && isReady(now) ? true : undefined
      })
      assert.equal((await scene.shop.served(host, pod.status.podIP)).fingerprint, good.fingerprint)
    }
    await answersEverywhere(scene.shop, host)
  })

  scene.step('all pods are replaced while the Secret is bad, and serve the last good certificate', async () => {
    await scene.operator.start()
    await scene.cluster.kubectl([...ingressNginx, 'delete', 'pods', '-l', 'app.kubernetes.io/name=ingress-nginx'])
    for (const pod of await scene.ingressPods(2, true))
      assert.equal((await scene.shop.served(host, pod.status.podIP)).fingerprint, good.fingerprint)
    await scene.shop.putCertificate('shop-tls', good)
    await scene.edge.condition('Ready', 'True', 'Ready')
  })

  scene.step(
    'without a webhook, Ignore lets a pod start without the sidecar; the operator replaces it later',
    async () => {
      await scene.operator.stop()
      const gone = await deleteOne(scene)
      const slipped = await eventually(
        'a new pod',
        async () => {
          const pods = (await scene.edge.pods()).filter(isReady)
          return pods.length === 2 && !pods.some(({ metadata }) => metadata.uid === gone) ? pods : undefined
        },
        180_000,
      )
      assert.equal(slipped.filter(isInjected).length, 1)
      // Whichever pod answers, it serves.
      for (const pod of slipped) assert.ok((await scene.shop.served(host, pod.status.podIP)).fingerprint)
      await scene.operator.start()
      await scene.ingressPods(2, true)
      await scene.edge.condition('Ready', 'True', 'Ready')
    },
  )

  scene.step('without a webhook, Fail lets no pod start without the sidecar', async () => {
    await scene.edge.apply({ enforcement: 'Enforce', injection: { failurePolicy: 'Fail' } })
    await eventually('the entry says Fail', async () => {
      const all = await scene.cluster.kubectl(['get', 'mutatingwebhookconfiguration', 'chitin', '-o', 'yaml'])
      return all.includes('failurePolicy: Fail') ? true : undefined
    })
    await scene.edge.condition('Ready', 'True', 'Ready')
    await scene.operator.stop()
    await deleteOne(scene)
    const refused = ['get', 'events', '--field-selector=reason=FailedCreate', '-o', 'jsonpath={.items[*].message}']
    await eventually('the API server to say why', async () => {
      const said = await scene.cluster.kubectl([...ingressNginx, ...refused])
      return said.includes('failed calling webhook') ? true : undefined
    })
    const left = await eventually('one pod to be left', async () => {
      const pods = await scene.edge.pods()
      return pods.length === 1 ? pods : undefined
    })
    assert.ok(left.every(isInjected))
    await answersEverywhere(scene.shop, host)
    await scene.operator.start()
    await scene.ingressPods(2, true)
    await scene.edge.apply({ enforcement: 'Enforce' })
    await scene.edge.condition('Ready', 'True', 'Ready')
  })
}

/** The processes of sidecar and nginx. */
function containerIds({ status }: LivePod): string[] {
  const all = [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]
  return all.flatMap(({ containerID }) => containerID ?? [])
}

/** Deletes one ingress pod, and returns its uid. */
async function deleteOne(scene: Scene): Promise<string> {
  const [pod] = await scene.edge.pods()
  if (pod === undefined) throw new Error('there is no ingress pod')
  await scene.cluster.kubectl([...ingressNginx, 'delete', 'pod', pod.metadata.name, '--wait=false'])
  return pod.metadata.uid
}
