import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ConfigMap } from '../../../src/api/config-map.ts'
import type { Ingress } from '../../../src/api/ingress.ts'
import { parseTlsPolicy } from '../../../src/api/tls-policy.ts'
import type { Workload } from '../../../src/api/workload.ts'
import { govern, verdictOnPod, type Governed, type Surroundings } from '../../../src/controller/tls-policy/govern.ts'
import { createWorld, type Live, type RawPolicy } from '../../../src/controller/world.ts'
import { inject } from '../../../src/inject/inject.ts'
import type { KubeClient } from '../../../src/kube/client.ts'
import { ingressNginxPod } from '../../support/pods.ts'

const namespace = 'ingress-nginx'

test('a policy governs its workload, and takes over the certificates of its Ingresses', async () => {
  const found = await look({})
  assert.equal(found.refusal, undefined)
  assert.equal(found.targets[0]?.flavour, 'ingress-nginx')
  assert.equal(found.targets[0]?.plan?.tlsPort, 443)
  assert.deepEqual(found.groups, [
    {
      hosts: ['shop.example.com'],
      secrets: [{ namespace: 'shop', name: 'shop-tls' }],
      from: { by: 'ingress', namespace: 'shop', name: 'web', createdAt: '2026-01-01T00:00:00Z' },
      choose: 'all',
      yields: true,
    },
  ])
  assert.equal(found.derived?.data?.['bind-address'], '127.0.0.1,::1')
  assert.ok(found.dependencies.includes('IngressClass/nginx'))
  assert.ok(found.dependencies.includes('ConfigMap/ingress-nginx/ingress-nginx-controller'))
})

test('a controller that watches one namespace depends on the Ingresses there, and on those of no other', async () => {
  const args = ['/nginx-ingress-controller', '--watch-namespace=shop']
  const shop = ingress({})
  const elsewhere = { ...shop, metadata: { ...shop.metadata, namespace: 'elsewhere', uid: 'i2' } }
  const found = await look({ args, ingresses: [shop, elsewhere] })
  assert.deepEqual(
    found.groups.map(({ secrets }) => secrets),
    [[{ namespace: 'shop', name: 'shop-tls' }]],
  )
  assert.ok(found.dependencies.includes('IngressClass/nginx/shop'))
  assert.ok(!found.dependencies.includes('IngressClass/nginx'))
})

test('a policy depends on its workloads, and on the pods that these take for their own', async () => {
  const found = await look({})
  assert.ok(found.dependencies.includes(`Workload/${namespace}/Deployment/ingress-nginx-controller`))
})

test('Ingresses of another class are not its business', async () => {
  const found = await look({
    ingresses: [ingress({ spec: { ingressClassName: 'other', tls: [{ hosts: ['a.example'], secretName: 's' }] } })],
  })
  assert.deepEqual(found.groups, [])
})

test('the policy can leave the Ingresses alone, and name hosts and a default itself', async () => {
  const certificates = {
    fromIngress: false,
    hosts: [{ hosts: ['a.example.com'], secretRefs: [{ name: 'a-tls' }] }],
    defaultSecretRef: { name: 'any-tls' },
    unknownSNI: 'ServeDefault',
  }
  const found = await look({ policies: [policy('edge', { certificates })] })
  assert.deepEqual(
    found.groups.map(({ hosts, secrets }) => [hosts, secrets]),
    [[['a.example.com'], [{ namespace, name: 'a-tls' }]]],
  )
  assert.deepEqual(found.fallback, [{ namespace, name: 'any-tls' }])
})

test('a host without a Secret of its own gets the default one, and unknown names are refused all the same', async () => {
  const found = await look({
    policies: [policy('edge', { certificates: { defaultSecretRef: { name: 'any-tls' } } })],
    ingresses: [ingress({ spec: { ingressClassName: 'nginx', tls: [{}], rules: [{ host: 'Plain.example.com' }] } })],
  })
  assert.deepEqual(
    found.groups.map(({ hosts, secrets }) => [hosts, secrets]),
    [[['plain.example.com'], [{ namespace, name: 'any-tls' }]]],
  )
  assert.deepEqual(found.fallback, [])
})

test('hosts that no entry of an Ingress lists are looked for in its certificates, and in the default one', async () => {
  const tls = [{ hosts: ['shop.example.com'], secretName: 'shop-tls' }]
  const rules = [{ host: 'shop.example.com' }, { host: 'other.example.com' }]
  const found = await look({
    policies: [policy('edge', { certificates: { defaultSecretRef: { name: 'any-tls' } } })],
    ingresses: [ingress({ spec: { ingressClassName: 'nginx', tls, rules } })],
  })
  assert.deepEqual(
    found.groups.map(({ hosts, secrets, choose }) => [hosts, secrets.map(({ name }) => name), choose]),
    [
      [['shop.example.com'], ['shop-tls'], 'all'],
      [['other.example.com'], ['shop-tls', 'any-tls'], 'optional'],
    ],
  )
  assert.match(found.derived?.data?.['http-snippet'] ?? '', /other\.example\.com 1;/)
})

test('ServeDefault without a default is said to miss one', async () => {
  const found = await look({ policies: [policy('edge', { certificates: { unknownSNI: 'ServeDefault' } })] })
  assert.equal(found.fallbackMissing, true)
})

describe('refusals', () => {
  test('the younger of two policies for one workload', async () => {
    const found = await look({ policies: [policy('edge', {}, '2026-02-01T00:00:00Z'), policy('older', {})] })
    assert.equal(found.refusal?.reason, 'Conflicted')
    assert.deepEqual(found.refusal.conflictsWith, ['ingress-nginx/older'])
    assert.deepEqual(found.targets, [])
  })

  test('an Ingress that asks for passthrough is named', async () => {
    const annotations = { 'nginx.ingress.kubernetes.io/ssl-passthrough': 'true' }
    const found = await look({ ingresses: [ingress({ annotations })] })
    assert.equal(found.refusal?.reason, 'UnsupportedFeature')
    assert.match(found.refusal.message, /shop\/web/)
  })

  test('mode Shim', async () => {
    assert.equal((await look({ policies: [policy('edge', { mode: 'Shim' })] })).refusal?.reason, 'UnsupportedMode')
  })

  test('no such workload', async () => {
    const found = await look({ policies: [policy('edge', { targetRefs: [{ name: 'nobody' }] })] })
    assert.equal(found.refusal?.reason, 'TargetNotFound')
  })

  test("another namespace's ConfigMap, which the controller could not read either", async () => {
    const args = ['/nginx-ingress-controller', '--configmap=vault/settings']
    const found = await look({ args, rights: [] })
    assert.equal(found.refusal?.reason, 'RefNotPermitted')
    assert.match(found.refusal.message, /vault\/settings: ServiceAccount default may not list ConfigMaps there/)
    assert.equal(found.derived, undefined)
    assert.equal((await look({ args, rights: ['configmaps vault'] })).refusal, undefined)
    assert.equal((await verdictOnPod(pod(), namespace, surroundings({ args, rights: [] }))).do, 'leave')
  })

  test('the ConfigMap that the operator itself makes of another', async () => {
    const found = await look({ args: ['/nginx-ingress-controller', `--configmap=${namespace}/chitin-edge-nginx`] })
    assert.equal(found.refusal?.reason, 'UnsupportedFeature')
    assert.match(found.refusal.message, /chitin-edge-nginx is the copy that the operator makes/)
  })

  test('a namespace whose pods are never touched', async () => {
    const found = await look({ excluded: [namespace] })
    assert.equal(found.refusal?.reason, 'Invalid')
  })
})

describe('one pod', () => {
  test('gets the fingerprint that the controller expects', async () => {
    const around = surroundings({})
    const verdict = await verdictOnPod(pod(), namespace, around)
    assert.equal(verdict.do, 'inject')
    assert.ok(verdict.do === 'inject')
    const injected = inject(pod(), verdict.plan)
    const [target] = (await look({})).targets
    assert.equal(injected.metadata.annotations?.['tls.chitin.dev/fingerprint'], target?.plan?.fingerprint)
  })

  test('has the same plan where its workload was injected by hand', async () => {
    const around = surroundings({})
    const verdict = await verdictOnPod(pod(), namespace, around)
    assert.ok(verdict.do === 'inject')
    const byHand = workload()
    const injected = inject(
      { metadata: byHand.spec.template.metadata ?? {}, spec: byHand.spec.template.spec },
      verdict.plan,
    )
    around.world.workloads[0]?.put({ ...byHand, spec: { ...byHand.spec, template: injected } })
    assert.deepEqual(await verdictOnPod(pod(), namespace, around), verdict)
    const { refusal, targets } = await govern(parseTlsPolicy(policy('edge', {})), around)
    assert.equal(refusal, undefined)
    assert.equal(targets[0]?.plan?.fingerprint, injected.metadata.annotations?.['tls.chitin.dev/fingerprint'])
  })

  test('goes on getting the sidecar where an Ingress has made the policy refused', async () => {
    const raw = policy('edge', {})
    const held = { ...raw, metadata: { ...raw.metadata, finalizers: ['tls.chitin.dev/restore'] } }
    const ingresses = [ingress({ annotations: { 'nginx.ingress.kubernetes.io/ssl-passthrough': 'true' } })]
    assert.equal((await verdictOnPod(pod(), namespace, surroundings({ policies: [held], ingresses }))).do, 'inject')
    assert.equal((await verdictOnPod(pod(), namespace, surroundings({ policies: [raw], ingresses }))).do, 'leave')
  })

  test('of no workload, or of one that no policy governs, is left alone', async () => {
    const orphan = ingressNginxPod()
    assert.equal((await verdictOnPod(orphan, namespace, surroundings({}))).do, 'leave')
    assert.equal((await verdictOnPod(pod(), namespace, surroundings({ policies: [] }))).do, 'leave')
  })

  test('in a namespace whose pods are never touched is left alone', async () => {
    assert.equal((await verdictOnPod(pod(), namespace, surroundings({ excluded: [namespace] }))).do, 'leave')
  })

  test('in Audit is only talked about', async () => {
    const around = surroundings({ policies: [policy('edge', { enforcement: 'Audit' })] })
    assert.equal((await verdictOnPod(pod(), namespace, around)).do, 'audit')
  })

  test('of a policy that is being deleted is left as it is', async () => {
    const raw = policy('edge', {})
    const deleted = { ...raw, metadata: { ...raw.metadata, deletionTimestamp: '2026-03-01T00:00:00Z' } }
    assert.equal((await verdictOnPod(pod(), namespace, surroundings({ policies: [deleted] }))).do, 'leave')
  })
})

interface Cluster {
  readonly policies?: readonly RawPolicy[]
  readonly ingresses?: readonly Live<Ingress>[]
  readonly excluded?: readonly string[]
  /** What ServiceAccounts may list outside of their namespace, as `kind namespace`; left out: everything. */
  readonly rights?: readonly string[]
  /** Of the controller, instead of its usual ones. */
  readonly args?: readonly string[]
}

/** What is seen of the policy `edge`. */
async function look(cluster: Cluster): Promise<Governed> {
  const raw = (cluster.policies ?? [policy('edge', {})]).find(({ metadata }) => metadata.name === 'edge')
  return govern(parseTlsPolicy(raw), surroundings(cluster))
}

function surroundings({
  policies = [policy('edge', {})],
  ingresses = [ingress({})],
  excluded = [],
  rights,
  args,
}: Cluster): Surroundings {
  const quiet = { trouble: () => undefined, error: (error: unknown) => assert.fail(String(error)) }
  const world = createWorld({} as KubeClient, quiet) // nothing is asked of a client before a reflector runs
  for (const one of policies) world.policies.put(one)
  for (const one of ingresses) world.ingresses.put(one)
  world.ingressClasses.put({ metadata: { name: 'nginx' }, spec: { controller: 'k8s.io/ingress-nginx' } })
  world.workloads[0]?.put(workload(args))
  return {
    world,
    sidecarImage: 'chitin:1',
    configMap: emptyConfigMap,
    mayList: async (account, plural, other) =>
      account.namespace === other || (rights?.includes(`${plural} ${other}`) ?? true),
    excluded,
  }
}

async function emptyConfigMap(): Promise<ConfigMap> {
  return { metadata: { name: 'ingress-nginx-controller', namespace }, data: {} }
}

function policy(name: string, spec: object, creationTimestamp = '2026-01-01T00:00:00Z'): RawPolicy {
  return {
    apiVersion: 'tls.chitin.dev/v1alpha1',
    kind: 'TLSPolicy',
    metadata: { name, namespace, uid: `uid-${name}`, creationTimestamp },
    spec: {
      ...('targetRefs' in spec ? {} : { targetRefs: [{ name: 'ingress-nginx-controller' }] }),
      enforcement: 'Enforce',
      ...spec,
    },
  }
}

function workload(args?: readonly string[]): Live<Workload> {
  const { spec, metadata } = ingressNginxPod()
  const containers = spec.containers.map((container) => (args === undefined ? container : { ...container, args }))
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'ingress-nginx-controller', namespace, uid: 'w1' },
    spec: {
      selector: { matchLabels: { app: 'ingress-nginx' } },
      template: { metadata: { labels: metadata.labels ?? {} }, spec: { ...spec, containers } },
    },
  }
}

function pod() {
  const made = ingressNginxPod()
  const name = 'ingress-nginx-controller-5d8f'
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name, uid: 'r1', controller: true }
  return { ...made, metadata: { ...made.metadata, ownerReferences: [owner] } }
}

function ingress({
  annotations = {},
  spec = { ingressClassName: 'nginx', tls: [{ hosts: ['shop.example.com'], secretName: 'shop-tls' }] },
}: {
  readonly annotations?: Readonly<Record<string, string>>
  readonly spec?: Ingress['spec']
}): Live<Ingress> {
  const metadata = { name: 'web', namespace: 'shop', uid: 'i1', creationTimestamp: '2026-01-01T00:00:00Z', annotations }
  return { metadata, spec }
}
