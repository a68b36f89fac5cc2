/** The operator in a large cluster: `npm run bench:operator -- --help`, and ../README.md. */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { Pod } from '../../src/api/pod.ts'
import type { Workload } from '../../src/api/workload.ts'
import { choice, flag, text } from '../../src/cli/options.ts'
import { loadCrypto } from '../../src/crypto/load.ts'
import type { Draft } from '../../src/kube/calls.ts'
import { resources, type KubeObject } from '../../src/kube/resource.ts'
import { say } from '../../test/cluster/shell.ts'
import { ensureNamespace, eventually, freePorts, startControlPlane } from '../../test/control-plane/harness.ts'
import { optionalPositive, programOptions } from '../../test/support/program-options.ts'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import { admitApart, type Latency } from './admissions.ts'
import { Changes, type Cost } from './changes.ts'
import { compileTimes } from './compile.ts'
import { startKubelets } from './kwok.ts'
import { startOperator } from './operator-process.ts'
import { policyWatch } from './policy-watch.ts'
import { Authority, each, enforce, populate, teamsOf, type Team } from './population.ts'
import { report, type Growth } from './report.ts'
import { playSidecars } from './sidecars.ts'

const { options } = programOptions({
  command: 'npm run bench:operator --',
  description: `The operator in a large cluster: a real kube-apiserver, with nodes, pods and sidecars that are played. Time to the first
look, requests and CPU for one change, latency of the webhook, memory. All of it takes some 9 minutes, and wants a quiet
machine. See bench/README.md.`,
  options: {
    quick: flag('a tenth of everything, unless another option says otherwise'),
    secrets: optionalPositive('N', 'TLS Secrets; default 10000'),
    ingresses: optionalPositive('N', 'Ingresses, at least as many as policies; default 5000'),
    policies: optionalPositive('N', 'TLSPolicies that are enforced; default 1000'),
    crypto: choice(['wasm', 'noble', 'native'], 'wasm', 'whose primitives the operator uses'),
    json: text('FILE', 'bench-operator.json', 'the result, for programs'),
  },
})
const size = {
  secrets: options.secrets ?? (options.quick ? 1000 : 10_000),
  ingresses: options.ingresses ?? (options.quick ? 500 : 5000),
  policies: options.policies ?? (options.quick ? 100 : 1000),
}
const { secrets, ingresses, policies } = size
if (![secrets, ingresses, policies].every((count) => Number.isInteger(count) && count > 0) || ingresses < policies)
  throw new Error(
    '--secrets, --ingresses and --policies are whole numbers above 0, and no policy goes without an Ingress',
  )
const changes = options.quick ? 5 : 10
const patienceMs = 15 * 60_000
const root = join(import.meta.dirname, '..', '..')

const began = Date.now()
const stop = new AbortController()
const folder = temporaryFolder('bench-operator')
const app = join(folder.path, 'app')
execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' })
execFileSync(process.execPath, ['deploy/image.ts', app], { cwd: root, stdio: 'inherit' })
const plane = await startControlPlane()
const { client } = plane
const definition = readFileSync(join(root, 'crds', 'tls.chitin.dev_tlspolicies.yaml'), 'utf8')
await client.apply(resources.customResourceDefinitions, parse(definition) as Draft)
await ensureNamespace(client, 'chitin-system')

const authority = await Authority.create()
const sidecars = await playSidecars(authority)
const adminKubeconfig = join(folder.path, 'admin.kubeconfig')
writeFileSync(adminKubeconfig, plane.kubeconfig(), { mode: 0o600 })
const kubelets = await startKubelets(adminKubeconfig, '127.64.0.1/16')
const teams = teamsOf(size)
say(`creating ${secrets} Secrets, ${ingresses} Ingresses and ${policies} controllers`)
await populate(client, teams, authority, sidecars.port)
await eventually('every controller runs', async () => (await runningPods()).length >= policies, patienceMs)
await eventually('TLSPolicies are served', async () => (await client.list(resources.tlsPolicies)).items.length === 0)
await enforce(client, teams)
const watch = policyWatch(client, stop.signal)
await eventually('all policies are seen', () => watch.cache.size === policies, patienceMs)

say('starting the operator')
const [webhookPort, adminPort] = (await freePorts(2)) as [number, number]
const startedAt = performance.now()
const operator = await startOperator({
  app,
  kubeconfig: plane.kubeconfig(),
  folder: folder.path,
  webhookPort,
  adminPort,
  crypto: options.crypto,
})
await eventually('every policy is judged', () => watch.judged() === policies, patienceMs)
const judged = { ms: performance.now() - startedAt, usage: await operator.usage() }
say(`every policy was looked at after ${(judged.ms / 1000).toFixed(1)} s`)
await eventually('every policy is ready', () => watch.ready() === policies, patienceMs)
const ready = { ms: performance.now() - startedAt, usage: await operator.usage() }
say(`every policy was ready after ${(ready.ms / 1000).toFixed(1)} s`)
await settled()

const measuring = new Changes({ client, operator, authority, watch })
const idle = await measuring.idle()
const growth: Growth[] = []
let left: readonly Team[] = teams
const changed: Record<string, Cost> = {}
changed['Ingress'] = await measuring.ingress(left, changes)
changed['TLSPolicy'] = await measuring.policy(left, changes)
growth.push({ policies: left.length, ...(await measuring.secret(left, changes)) })

say('asking the webhook about 100 pods a second')
const templates = await podsToMake()
const before = await operator.usage()
const admissions: Latency = await admitApart({
  url: operator.webhookUrl,
  pods: templates,
  load: { perSecond: 100, seconds: options.quick ? 5 : 20 },
})
const after = await operator.usage()
say(`  p50 ${admissions.p50.toFixed(1)} ms, p99 ${admissions.p99.toFixed(1)} ms`)
const admissionCpuMs = (after.cpuMs - before.cpuMs) / admissions.count
const scrapedAt = performance.now()
const scrape = { bytes: (await operator.metrics()).length, ms: performance.now() - scrapedAt }
const loaded = await operator.usage()
say(`resident: ${loaded.rssMiB.toFixed(0)} MiB, at most ${loaded.peakRssMiB.toFixed(0)} MiB`)

for (const count of [100, 10]) {
  if (count >= left.length) continue
  say(`deleting policies until ${count} are left`)
  const going = left.slice(count)
  left = left.slice(0, count)
  await each(going, async ({ namespace, name }) => client.delete(resources.tlsPolicies, { namespace, name }))
  await eventually('they are gone', () => watch.cache.size === count, patienceMs)
  await eventually('the others are ready', () => watch.ready() === count, patienceMs)
  await settled()
  growth.push({ policies: count, ...(await measuring.secret(left, changes)) })
}
await operator.stop()
const compiled = await compileTimes(
  options.quick ? [1, 100] : [1, 100, 1000],
  authority,
  await loadCrypto(options.crypto),
)

stop.abort()
await kubelets.stop()
sidecars.close()
await plane.stop()
folder.remove()
report({
  began,
  size,
  judged,
  ready,
  idle,
  changed,
  growth,
  admissions,
  admissionCpuMs,
  scrape,
  loaded,
  compiled,
  json: options.json,
})

async function runningPods(): Promise<readonly (Pod & KubeObject)[]> {
  const { items } = await client.list<Pod & KubeObject>(resources.pods, { fieldSelector: 'status.phase=Running' })
  return items
}

/**
 * A policy is ready as soon as its new pods are. Those of before go half a minute later, when their grace is over; each is a
 * change that wakes its policy, and would be counted as what a change costs that is made meanwhile.
 */
async function settled(): Promise<void> {
  await eventually(
    'the pods of before are gone',
    async () => (await client.list(resources.pods)).items.length === policies,
    patienceMs,
  )
}

/** A pod of each Deployment, as its ReplicaSet would make it now. */
async function podsToMake(): Promise<(Pod & KubeObject)[]> {
  const { items } = await client.list<Workload & KubeObject>(resources.deployments)
  return items.map(({ metadata: { namespace = '', name }, spec: { template } }) => ({
    metadata: {
      namespace,
      name: `${name}-5d59d67564-x7k2p`,
      labels: { ...template.metadata?.labels, 'pod-template-hash': '5d59d67564' },
      annotations: template.metadata?.annotations ?? {},
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${name}-5d59d67564`, uid: 'bench', controller: true },
      ],
    },
    spec: template.spec,
  }))
}
