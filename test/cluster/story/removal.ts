/** Chapter 10: the policy goes, the operator goes; nothing is left. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { inventory } from '../inventory.ts'
import { ingressDeployment, ingressNginx, ingressWorkload, type Scene } from './scene.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const namespace = ['Namespace <none>/chitin-system']
const ofEveryNamespace = ['ConfigMap chitin-system/kube-root-ca.crt', 'ServiceAccount chitin-system/default']

export function removal(scene: Scene, before: () => Before): void {
  scene.step('a deleted policy leaves the pods as they were', async () => {
    await scene.edge.delete()
    await assertAsBefore(scene, before())
    const own = ['secrets,configmaps', '-l', 'tls.chitin.dev/policy-name', '-o', 'name']
    assert.equal(await scene.cluster.kubectl([...ingressNginx, 'get', ...own]), '')
    assert.equal(await scene.cluster.kubectl(['get', 'mutatingwebhookconfigurations', '-o', 'name']), '')
  })

  scene.step('helm uninstall first brings the pods of every policy back, and leaves nothing', async () => {
    await scene.edge.apply({ enforcement: 'Enforce' })
    await scene.edge.condition('Ready', 'True', 'Ready')
    await scene.helm('uninstall', 'chitin', '--wait', '--timeout', '5m')
    await assertAsBefore(scene, before())
    // Helm made the namespace, and leaves it; Kubernetes puts two objects into each.
    const all = await inventory(scene.cluster)
    assert.deepEqual(
      all.filter((name) => ![...namespace, ...ofEveryNamespace].includes(name)),
      before().inventory,
    )
    assert.ok(all.includes('Namespace <none>/chitin-system'))
  })

  scene.step('with crds.keep, helm uninstall leaves the definition and nothing else', async () => {
    const keep = ['--set', 'crds.keep=true', '--set', 'uninstall.restorePods=false']
    await scene.helm('install', 'chitin', join(root, 'charts', 'chitin'), ...keep)
    await scene.helm('uninstall', 'chitin', '--wait', '--timeout', '3m')
    const kept = (await inventory(scene.cluster)).filter((name) => !before().inventory.includes(name))
    const definition = [
      'APIService <none>/v1alpha1.tls.chitin.dev',
      'CustomResourceDefinition <none>/tlspolicies.tls.chitin.dev',
    ]
    assert.deepEqual(kept, [...definition, ...namespace, ...ofEveryNamespace].toSorted())
    await scene.cluster.kubectl(['delete', 'crd', 'tlspolicies.tls.chitin.dev'])
    await scene.cluster.kubectl(['delete', 'namespace', 'chitin-system'])
  })
}

/** The cluster before the operator came. */
export interface Before {
  readonly inventory: readonly string[]
  /** The ingress Deployment's pod template. */
  readonly template: unknown
  /** The spec of a pod made from it. */
  readonly pod: unknown
}

export async function remember(scene: Scene): Promise<Before> {
  const { spec } = await scene.cluster.read<{ spec: { template: unknown } }>(...ingressNginx, ...ingressWorkload)
  const [pod] = await podSpecs(scene)
  return { inventory: await inventory(scene.cluster), template: spec.template, pod }
}

/** Pods and template are as they were, and nginx serves by itself. */
export async function assertAsBefore(scene: Scene, before: Before): Promise<void> {
  await scene.cluster.kubectl([...ingressNginx, 'rollout', 'status', ingressDeployment, '--timeout=240s'])
  await scene.ingressPods(2, false)
  const { spec, metadata } = await scene.cluster.read<{
    spec: { template: unknown }
    metadata: { managedFields: readonly { manager: string }[] }
  }>(...ingressNginx, ...ingressWorkload, '--show-managed-fields')
  assert.deepEqual(spec.template, before.template)
  assert.ok(!metadata.managedFields.some(({ manager }) => manager === 'chitin'))
  for (const pod of await podSpecs(scene)) assert.deepEqual(pod, before.pod)
}

/** The ingress pods' specs, without what is different in each of them: node and the name of the token's volume. */
async function podSpecs(scene: Scene): Promise<unknown[]> {
  const pods = await scene.edge.pods()
  return pods.map(
    ({ spec }) => JSON.parse(JSON.stringify(spec).replaceAll(/kube-api-access-\w{5}/g, 'token')) as unknown,
  )
}
