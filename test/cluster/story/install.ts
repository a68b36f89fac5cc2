/** Chapter 1: the operator comes, and changes nothing until it is asked to. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { answersEverywhere } from '../everywhere.ts'
import { isInjected, type LivePod } from '../policy.ts'
import { eventually } from '../shell.ts'
import { ingressNginx, secondsSince, type Scene } from './scene.ts'

const root = join(import.meta.dirname, '..', '..', '..')

export function install(scene: Scene): void {
  let before: string[]

  scene.step('helm install brings two replicas up, passes helm test, and touches nothing', async () => {
    await scene.scale(3)
    before = await footprint(scene)
    await scene.helm(
      'install',
      'chitin',
      join(root, 'charts', 'chitin'),
      '--create-namespace',
      '--wait',
      '--timeout',
      '4m',
    )
    await scene.helm('test', 'chitin', '--timeout', '3m')
    assert.equal((await scene.operator.pods()).length, 2)
    assert.deepEqual(await footprint(scene), before)
  })

  scene.step('a policy in Audit says what it would do, and changes nothing', async () => {
    await scene.cluster.kubectl(['apply', '-f', join(root, 'deploy', 'example')])
    const { message } = await scene.edge.condition('Programmed', 'False', 'Audit')
    assert.match(message ?? '', /would put the sidecar into 3 pods of Deployment ingress-nginx-controller/)
    assert.match(message ?? '', /would serve 2 hosts/)
    await scene.edge.condition('Ready', 'True', 'Audit')
    assert.deepEqual(await footprint(scene), before)
    // A pod made now is made as ever.
    await scene.cluster.kubectl([...ingressNginx, 'delete', 'pod', (await scene.edge.pods())[0]?.metadata.name ?? ''])
    await scene.ingressPods(3, false)
    // The pods are there a moment before the operator has counted them.
    await eventually('the policy shows it', async () => {
      const shown = await row(scene)
      if (!/^edge +Auto +Audit +0\/3 +0\/2 +\S+ +True +Audit +/m.test(shown)) throw new Error(shown)
      return true
    })
  })

  scene.step('Enforce rolls ingress-nginx, and is Ready once every pod was seen to serve', async (t) => {
    const old = new Set((await scene.edge.pods()).map(({ metadata }) => metadata.uid))
    const applied = performance.now()
    await scene.edge.apply({ enforcement: 'Enforce' })
    await scene.edge.condition('Ready', 'True', 'Ready')
    t.diagnostic(`kubectl apply of the policy -> all 3 pods serving and verified: ${secondsSince(applied)}`)
    const pods = await scene.edge.pods()
    assert.equal(pods.length, 3)
    for (const pod of pods) assert.ok(isInjected(pod) && !old.has(pod.metadata.uid), pod.metadata.name)
    assert.match(await row(scene), /^edge +Auto +Enforce +3\/3 +2\/2 +\S+ +True +Ready +/m)
    await scene.edge.condition('ServedVerified', 'True', 'AllPodsMatch')
    await answersEverywhere(scene.shop, 'shop.example.com')
  })

  scene.step('what the operator did is told by events and metrics', async () => {
    // Events and metrics are written behind the status.
    for (const reason of ['Audit', 'RollingOut', 'Programmed', 'AllPodsMatch', 'CertificateRotated'])
      await eventually(`an event ${reason}`, async () => {
        const events = await scene.cluster.kubectl([...ingressNginx, 'get', 'events'])
        return new RegExp(`Normal +${reason} +tlspolicy/edge`).test(events) ? true : undefined
      })
    const of = '{namespace="ingress-nginx",policy="edge"'
    const lines = [
      `chitin_pods${of},state="injected"} 3`,
      `chitin_pods${of},state="missing"} 0`,
      `chitin_policy_condition${of},condition="Ready",status="True",reason="Ready"} 1`,
      `chitin_served_certificate_mismatches${of}} 0`,
    ]
    const leader = await eventually('the leader says what it has seen', async () => {
      const all = await Promise.all(
        (await scene.operator.pods()).map(async ({ status }) => await scrape(scene, status)),
      )
      const text = all.find((one) => /^chitin_leader 1$/m.test(one))
      const missing = lines.filter((line) => text?.includes(line) !== true)
      if (missing.length > 0) throw new Error(`without ${missing.join(', ')}`)
      return text
    })
    assert.match(
      leader,
      /^chitin_certificate_not_after_timestamp_seconds\{.*host="shop\.example\.com",source="served"\} \d+$/m,
    )
  })
}

async function scrape(scene: Scene, { podIP }: LivePod['status']): Promise<string> {
  const { code, stdout, stderr } = await scene.cluster.outside('curl', ['-sS', `http://${podIP}:15900/metrics`])
  assert.equal(code, 0, stderr)
  return stdout
}

async function row(scene: Scene): Promise<string> {
  return await scene.cluster.kubectl([...ingressNginx, 'get', 'tlspolicies.tls.chitin.dev'])
}

/** What of ingress-nginx an operator could have changed: its pods, specs and configuration, and webhooks. */
async function footprint(scene: Scene): Promise<string[]> {
  const columns = 'custom-columns=KIND:.kind,NAME:.metadata.name,UID:.metadata.uid,GENERATION:.metadata.generation'
  const types = 'deployments,daemonsets,statefulsets,pods,services,configmaps,secrets,ingresses'
  const all: string[] = []
  for (const namespace of ['ingress-nginx', 'shop'])
    all.push(await scene.cluster.kubectl(['-n', namespace, 'get', types, '-o', columns, '--no-headers']))
  const cluster = ['get', 'mutatingwebhookconfigurations,validatingwebhookconfigurations', '-o', columns]
  all.push(await scene.cluster.kubectl(cluster))
  return all.flatMap((text) => text.split('\n')).filter((line) => line !== '')
}
