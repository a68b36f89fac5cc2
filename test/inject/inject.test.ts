import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import type { Container, Pod, Volume } from '../../src/api/pod.ts'
import { fingerprint } from '../../src/inject/fingerprint.ts'
import { inject, uninject } from '../../src/inject/inject.ts'
import { diff } from '../../src/inject/patch.ts'
import type { InjectionPlan } from '../../src/inject/plan.ts'
import { nodeFlags } from '../../src/terminator/permissions.ts'
import { applyPatch } from '../support/json-patch.ts'
import { ingressNginxPlan, ingressNginxPod } from '../support/pods.ts'
import { Random } from '../support/random.ts'

const golden = join(import.meta.dirname, '..', 'golden', 'inject')

for (const file of readdirSync(golden).filter((name) => name.endsWith('.injected.yaml'))) {
  const name = file.replace('.injected.yaml', '')
  test(`golden pair ${name}`, () => {
    const pod = read(`${name}.yaml`) as Pod
    const plan = ingressNginxPlan(
      existsSync(join(golden, `${name}.plan.yaml`)) ? (read(`${name}.plan.yaml`) as Partial<InjectionPlan>) : {},
    )
    const injected = inject(pod, plan)
    assert.deepEqual(injected, read(file))
    assert.deepEqual(uninject(injected), pod)
  })
}

test('every golden pod has its pair', () => {
  const names = readdirSync(golden).filter((name) => !/\.(injected|plan)\.yaml$/.test(name))
  assert.ok(names.length >= 4)
  for (const name of names) assert.ok(existsSync(join(golden, name.replace('.yaml', '.injected.yaml'))), name)
})

test('the sidecar has nginx’s ports under their names, and nginx has them no more', () => {
  const { spec } = inject(ingressNginxPod(), ingressNginxPlan())
  assert.deepEqual(spec.containers[0]?.ports, [{ name: 'webhook', containerPort: 8443, protocol: 'TCP' }])
  assert.deepEqual(spec.initContainers?.at(-1)?.ports?.slice(0, 2), [
    { name: 'http', containerPort: 80, protocol: 'TCP' },
    { name: 'https', containerPort: 443, protocol: 'TCP' },
  ])
})

test('the sidecar runs under the permission model, with the flags that the terminator says it needs', () => {
  const { spec } = inject(ingressNginxPod(), ingressNginxPlan())
  const flags = nodeFlags(['/app', '/var/run/chitin'])
  assert.deepEqual(spec.initContainers?.at(-1)?.command, ['/usr/local/bin/node', ...flags, '/app/dist/main.js'])
})

test('hostPorts go with the ports', () => {
  const ports = [{ name: 'https', containerPort: 443, hostPort: 443, hostIP: '10.0.0.1' }]
  const { spec } = inject(ingressNginxPod({ container: { ports } }), ingressNginxPlan())
  assert.equal(spec.containers[0]?.ports, undefined)
  assert.deepEqual(spec.initContainers?.[0]?.ports?.slice(0, 2), [{ containerPort: 80, protocol: 'TCP' }, ports[0]])
})

test('a probe that named a port gets its number', () => {
  const container = { livenessProbe: { tcpSocket: { port: 'http' } } }
  const pod = ingressNginxPod({ container })
  const injected = inject(pod, ingressNginxPlan())
  assert.deepEqual(injected.spec.containers[0]?.livenessProbe, { tcpSocket: { port: 80 } })
  assert.deepEqual(uninject(injected), pod)
})

test('nginx goes on accepting while the pod ends, and keeps its own time to finish', () => {
  const { spec } = inject(ingressNginxPod(), ingressNginxPlan({ drainMs: 1500 }))
  assert.deepEqual(spec.containers[0]?.lifecycle, { preStop: { sleep: { seconds: 2 } } })
  assert.equal(spec.terminationGracePeriodSeconds, 32)
})

test('a preStop hook of nginx’s own stays, and so does the grace period', () => {
  const lifecycle = { preStop: { exec: { command: ['/wait-shutdown'] } } }
  const pod = ingressNginxPod({ container: { lifecycle }, spec: { terminationGracePeriodSeconds: 300 } })
  const { spec } = inject(pod, ingressNginxPlan())
  assert.deepEqual(spec.containers[0]?.lifecycle, lifecycle)
  assert.equal(spec.terminationGracePeriodSeconds, 300)
})

test('a preStop hook that somebody puts in the place of ours stays', () => {
  const { spec, ...pod } = inject(ingressNginxPod(), ingressNginxPlan())
  const preStop = { exec: { command: ['/own'] } }
  const containers = spec.containers.map((container) => ({ ...container, lifecycle: { preStop } }))
  assert.deepEqual(uninject({ ...pod, spec: { ...spec, containers } }).spec.containers[0]?.lifecycle, { preStop })
})

test('no drain, no sleep', () => {
  const { spec } = inject(ingressNginxPod(), ingressNginxPlan({ drainMs: 0 }))
  assert.equal(spec.containers[0]?.lifecycle, undefined)
  assert.equal(spec.terminationGracePeriodSeconds, undefined)
})

test('asks for the sysctl only where a port is below 1024', () => {
  const high = ingressNginxPlan({ listeners: [{ port: 8443, tls: true }] })
  assert.equal(inject(ingressNginxPod(), high).spec.securityContext, undefined)
  assert.deepEqual(inject(ingressNginxPod(), ingressNginxPlan()).spec.securityContext?.sysctls, [
    { name: 'net.ipv4.ip_unprivileged_port_start', value: '0' },
  ])
})

test('lowers a sysctl that is too high, and puts it back', () => {
  const sysctls = [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '443' }]
  const pod = ingressNginxPod({ spec: { securityContext: { sysctls } } })
  const injected = inject(pod, ingressNginxPlan())
  assert.equal(injected.spec.securityContext?.sysctls?.[0]?.value, '0')
  assert.deepEqual(uninject(injected), pod)
})

test('the pod’s own restricted security holds for the sidecar', () => {
  const context = inject(ingressNginxPod(), ingressNginxPlan()).spec.initContainers?.[0]?.securityContext
  assert.deepEqual(context, {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    readOnlyRootFilesystem: true,
    runAsGroup: 65532,
    runAsNonRoot: true,
    runAsUser: 65532,
    seccompProfile: { type: 'RuntimeDefault' },
  })
})

test('another plan replaces what the first one did', () => {
  const first = ingressNginxPlan()
  const second = ingressNginxPlan({ upstreamPort: 15081, flags: { 'http-port': '15081' }, drainMs: 0 })
  const pod = ingressNginxPod()
  assert.deepEqual(inject(inject(pod, first), second), inject(pod, second))
})

test('a pod without the sidecar comes back from uninject as it is', () => {
  const pod = ingressNginxPod()
  assert.equal(uninject(pod), pod)
})

test('our annotations in a pod without the sidecar, as somebody copies them, undo nothing', () => {
  const pod = ingressNginxPod()
  const { annotations = {}, labels = {} } = inject(pod, ingressNginxPlan()).metadata
  const copied = { ...pod, metadata: { ...pod.metadata, annotations: { ...annotations, own: 'x' }, labels } }
  const own = { ...pod.metadata, annotations: { own: 'x' } }
  assert.deepEqual(uninject(copied), { ...pod, metadata: own })
  assert.deepEqual(inject(copied, ingressNginxPlan()).spec, inject(pod, ingressNginxPlan()).spec)
})

test('an annotation that somebody has made up is not believed', () => {
  const { metadata, spec } = inject(ingressNginxPod(), ingressNginxPlan())
  const original = metadata.annotations?.['tls.chitin.dev/original'] ?? ''
  const made = ['', '{', '[]', '{}', '{"container":"controller"}', '{"container":1,"flags":[{}]}']
  made.push(original.replaceAll('"field":"args"', '"field":"env"'), original.replace('"index":0', '"index":"0"'))
  made.push(original.replace('"created":[', '"created":[1,'), original.replace('{', '{"more":1,'))
  for (const text of made) {
    assert.notEqual(text, original)
    const forged = { metadata: { ...metadata, annotations: { 'tls.chitin.dev/original': text } }, spec }
    assert.equal(uninject(forged), forged)
  }
})

test('the plan must name a container of the pod', () => {
  assert.throws(() => inject(ingressNginxPod(), ingressNginxPlan({ container: 'nginx' })), /container nginx/)
})

test('equal plans have equal fingerprints, whatever the order of their keys; others have others', () => {
  const plan = ingressNginxPlan()
  const reversed = Object.fromEntries(Object.entries(plan).toReversed()) as unknown as InjectionPlan
  assert.equal(fingerprint(reversed), fingerprint(plan))
  const changes: Partial<InjectionPlan>[] = [
    { image: 'other' },
    { drainMs: 1 },
    { flags: {} },
    { upstreamPort: 1 },
    { policy: 'a/b' },
    { acceptProxyProtocol: true },
  ]
  const all = [plan, ...changes.map((change) => ingressNginxPlan(change))].map((one) => fingerprint(one))
  assert.equal(new Set(all).size, all.length)
})

const seed = 20261124
test(`random pods: idempotent, reversible, and the patch does the same (seed ${seed})`, () => {
  const random = new Random(seed)
  for (let i = 0; i < 600; i++) {
    const pod = randomPod(random)
    const plan = randomPlan(random)
    const injected = inject(pod, plan)
    assert.deepEqual(inject(injected, plan), injected)
    assert.deepEqual(uninject(injected), pod)
    assert.deepEqual(applyPatch(pod, diff(pod, injected)), injected)
    assert.deepEqual(applyPatch(injected, diff(injected, pod)), pod)
  }
})

test(`random pods that others change in between: the others’ changes stay, ours are put back (seed ${seed})`, () => {
  const random = new Random(seed)
  for (let i = 0; i < 600; i++) {
    const pod = randomPod(random)
    const plan = randomPlan(random)
    const mutate = randomMutator(random)
    const mutated = mutate(inject(pod, plan))
    const again = inject(mutated, plan)
    assert.deepEqual(inject(again, plan), again)
    assert.deepEqual(uninject(mutated), mutate(pod))
    assert.deepEqual(uninject(again), mutate(pod))
    assert.equal(again.spec.initContainers?.at(-1)?.name, 'chitin')
  }
})

function randomPlan(random: Random): InjectionPlan {
  return ingressNginxPlan({
    listeners: random.pick([
      [
        { port: 80, tls: false },
        { port: 443, tls: true },
      ],
      [{ port: 8443, tls: true, advertise: 443 }],
    ]),
    flags: random.pick([{}, { 'http-port': '15080', 'https-port': '15443', configmap: 'a/b' }]),
    drainMs: random.pick([0, 500, 30_000]),
    acceptProxyProtocol: random.chance(0.5),
  })
}

function randomPod(random: Random): Pod {
  const maybe = <T extends object>(value: T): T | object => (random.chance(0.5) ? value : {})
  const flag = random.pick([['--http-port=80'], ['--http-port', '80'], ['--http-port=80', '--http-port=81'], []])
  const controller: Container = {
    name: 'controller',
    ...(random.chance(0.5)
      ? { command: ['/start.sh', ...flag, '--v=2'] }
      : { args: ['/nginx-ingress-controller', ...flag] }),
    ...maybe({
      ports: [
        ...(random.chance(0.5) ? [{ name: 'metrics', containerPort: 10254 }] : []),
        { name: 'http', containerPort: 80 },
        ...(random.chance(0.5) ? [{ name: 'quic', containerPort: 443, protocol: 'UDP' }] : []),
        { name: 'https', containerPort: random.pick([443, 8443]), ...maybe({ hostPort: 443 }) },
      ],
    }),
    ...maybe({ readinessProbe: { httpGet: { path: '/', port: random.pick(['http', 10254]) } } }),
    ...maybe({
      lifecycle: random.chance(0.5)
        ? { preStop: { exec: { command: ['/wait-shutdown'] } } }
        : { postStart: { exec: { command: ['true'] } } },
    }),
  }
  const others: Container[] = random.chance(0.5) ? [{ name: 'exporter', image: 'exporter' }] : []
  return {
    metadata: {
      generateName: 'a-',
      ...maybe({ labels: { app: 'a' } }),
      ...maybe({ annotations: { 'example.com/a~b': 'x' } }),
    },
    spec: {
      containers: random.chance(0.5) ? [controller, ...others] : [...others, controller],
      ...maybe({ initContainers: [{ name: 'prepare', image: 'busybox' }] }),
      ...maybe({ volumes: [{ name: 'cache' }] }),
      ...maybe({ terminationGracePeriodSeconds: 300 }),
      ...maybe({
        securityContext: {
          runAsNonRoot: true,
          ...maybe({ sysctls: [{ name: 'net.core.somaxconn', value: '1024' }] }),
          ...maybe({ sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: random.pick(['0', '1000']) }] }),
        },
      }),
    },
  }
}

/** What other admission webhooks do: they add, and now and then set a field of their own. */
function randomMutator(random: Random): (pod: Pod) => Pod {
  const [container, init, volume, env, meta, grace, port, arg] = Array.from({ length: 8 }, () => random.chance(0.4))
  const changed = { container, init, volume, env, meta, grace, port, arg }
  return (pod) => {
    const spec = structuredClone(pod.spec) as { -readonly [Key in keyof Pod['spec']]: Pod['spec'][Key] }
    const more: Container = { name: 'mesh', image: 'mesh', ports: [{ containerPort: 15001 }] }
    const volumes: Volume[] = [{ name: 'token' }]
    if (changed.container) spec.containers = [...spec.containers, more]
    if (changed.init) spec.initContainers = [...(spec.initContainers ?? []), { name: 'mesh-init', image: 'mesh' }]
    if (changed.volume) spec.volumes = [...(spec.volumes ?? []), ...volumes]
    if (changed.env) spec.containers = spec.containers.map((one) => ({ ...one, env: [{ name: 'A', value: 'b' }] }))
    if (changed.grace) spec.terminationGracePeriodSeconds = 777
    if (changed.arg)
      spec.containers = spec.containers.map((one) =>
        one.args === undefined ? one : { ...one, args: [...one.args, '--x'] },
      )
    const labels = changed.meta ? { labels: { ...pod.metadata.labels, mesh: 'on' } } : {}
    const annotations = changed.meta ? { annotations: { ...pod.metadata.annotations, mesh: 'on' } } : {}
    return { ...pod, metadata: { ...pod.metadata, ...labels, ...annotations }, spec }
  }
}

function read(name: string): unknown {
  return parse(readFileSync(join(golden, name), 'utf8'))
}
