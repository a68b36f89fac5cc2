/** Chapter 6: an ingress-nginx that is a DaemonSet, with a class of its own. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { outsideAddress } from '../cluster.ts'
import { isInjected, isReady, type LivePod } from '../policy.ts'
import { eventually } from '../shell.ts'
import type { Scene } from './scene.ts'

const host = 'daemon.example.com'
const namespace = ['-n', 'daemon'] as const
const policy = 'tlspolicies.tls.chitin.dev/controller'

export function daemonSet(scene: Scene): void {
  scene.step('a DaemonSet is rolled, and each of its pods serves by Chitin', async () => {
    const { cluster, shop } = scene
    const { fingerprint } = await shop.issue('daemon-tls', { names: [host] })
    await cluster.apply(await readFile(join(import.meta.dirname, '..', 'manifests', 'daemon.yaml'), 'utf8'))
    await cluster.kubectl([...namespace, 'wait', policy, '--for=condition=Ready', '--timeout=240s'])
    const [pod, ...others] = await pods(scene)
    assert.ok(pod !== undefined && isInjected(pod) && others.length === 0, 'one node, one pod')
    const address = pod.status.podIP ?? ''
    assert.equal((await shop.served(host, address)).fingerprint, fingerprint)
    // A fresh ingress-nginx is ready before it knows its endpoints.
    const ask = async () => await shop.echo(`https://${host}/`, ['--connect-to', `::${address}:443`])
    const { headers } = await eventually('an echo', ask)
    assert.equal(headers['x-forwarded-proto'], 'https')
    assert.equal(headers['x-real-ip'], outsideAddress.ip4)
  })

  scene.step('without its policy its pods are as they were', async () => {
    const { cluster } = scene
    await cluster.kubectl([...namespace, 'delete', policy, '--timeout=180s'])
    await eventually('a pod without the sidecar', async () => {
      const now = await pods(scene)
      return now.length > 0 && now.every((pod) => isReady(pod) && !isInjected(pod)) ? true : undefined
    })
    const template = ['get', 'daemonset', 'controller', '-o', 'jsonpath={.spec.template.metadata.annotations}']
    assert.equal(await cluster.kubectl([...namespace, ...template]), '')
    await cluster.kubectl(['-n', 'shop', 'delete', 'ingress/daemon', 'secret/daemon-tls'])
    await cluster.kubectl(['delete', 'namespace/daemon', 'ingressclass/daemon', 'clusterrolebinding/daemon'])
  })
}

async function pods({ cluster }: Scene): Promise<LivePod[]> {
  const { items } = await cluster.read<{ readonly items: readonly LivePod[] }>(...namespace, 'pods')
  return items.filter(({ metadata }) => metadata.deletionTimestamp === undefined)
}
