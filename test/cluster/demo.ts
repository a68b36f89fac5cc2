/**
 * `npm run demo`: the whole story in a few minutes, on a cluster of its own.
 *
 *   npm run demo                         brings a cluster up, tells the story, takes it away
 *   npm run demo -- --keep               leaves the cluster running, and says how to use and how to remove it
 *   npm run demo -- --context NAME       on a cluster that you have: installs Chitin, shows what Audit says
 *     [--image REPOSITORY:TAG]             an image that your cluster can pull
 *     [--enforce]                          and goes on to Enforce
 */
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Workload } from '../../src/api/workload.ts'
import { isRefused } from '../../src/nginx/flavour.ts'
import { recognise } from '../../src/nginx/recognise.ts'
import { stopCluster } from './cluster.ts'
import { ensureHelm } from './helm.ts'
import { ensureKubernetes } from './kubernetes.ts'
import { diagnose } from './diagnose.ts'
import { answersEverywhere } from './everywhere.ts'
import { startLoad } from './load.ts'
import { Edge, isServed } from './policy.ts'
import { attempt, onPath, pause, run } from './shell.ts'
import { startShop } from './shop.ts'
import type { Shop } from './shop.ts'

const project = join(import.meta.dirname, '..', '..')
const chart = join(project, 'charts', 'chitin')
const began = performance.now()
let interrupted = false

const { values } = parseArgs({
  options: {
    keep: { type: 'boolean', default: false },
    context: { type: 'string' },
    image: { type: 'string' },
    enforce: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

if (values.help) console.log('npm run demo [-- --keep] [-- --context NAME [--image REPOSITORY:TAG] [--enforce]]')
else if (values.context === undefined) await ownCluster()
else await theirCluster(values.context)

async function ownCluster(): Promise<void> {
  tell('Chitin: memory-safe TLS for the NGINX ingress you already have')
  tell('Bringing up a real one-node Kubernetes with ingress-nginx and a shop behind it.')
  detail('The first time builds Kubernetes and ingress-nginx: 5 to 15 minutes. After that it is a minute.')
  // By its name, so that it can be found and taken away however little of it is there when somebody presses Ctrl-C.
  const name = `demo-${process.pid}`
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void interrupt(name))
  let shop: Shop | undefined
  try {
    shop = await startShop({ name })
    await story(shop)
    if (values.keep) {
      tell('The cluster stays. To look around:')
      for (const line of [
        `kubeconfig   ${shop.cluster.kubeconfig}   (works in the cluster's network namespace)`,
        `kubectl      ${shop.cluster.kubectlScript} -n ingress-nginx describe tlspolicies.tls.chitin.dev edge`,
        `shell        nsenter --net=/run/netns/${shop.cluster.namespace}-out bash     # a client of the cluster`,
        `request      curl --cacert ${shop.caFile} --resolve shop.example.com:443:${shop.address} https://shop.example.com`,
        `remove       node test/cluster/down.ts ${shop.cluster.directory}`,
      ])
        detail(line)
    } else {
      tell('Taking the cluster away.')
      await shop.cluster.stop()
      tell('Done. Try next:')
      detail('npm run demo -- --keep              leaves the cluster running, to play with')
      detail('npm run demo -- --context NAME      on a cluster of yours; changes nothing unless you add --enforce')
      detail('README.md                           a TLSPolicy explained field by field')
    }
  } catch (error) {
    // What is taken away under our hands fails, and says nothing new.
    if (interrupted) return
    process.exitCode = 1
    tell(`That failed: ${error instanceof Error ? error.message : String(error)}`)
    if (shop === undefined) return
    console.log(await diagnose(shop.cluster))
    if (values.keep) tell(`The cluster stays in ${shop.cluster.directory}`)
    else await shop.cluster.stop()
  }
}

async function interrupt(name: string): Promise<void> {
  interrupted = true
  tell('Interrupted. Taking the cluster away.')
  for (const entry of await readdir(tmpdir()))
    if (entry.startsWith(`chitin-${name}-`)) await stopCluster(join(tmpdir(), entry))
  process.exit(130)
}

async function story(shop: Shop): Promise<void> {
  const { cluster } = shop
  const edge = new Edge(cluster)
  tell('ingress-nginx serves https://shop.example.com by itself, through OpenSSL:')
  detail((await shop.served('shop.example.com')).tls)

  tell('$ helm install chitin charts/chitin --namespace chitin-system --create-namespace')
  const where = ['--namespace', 'chitin-system', '--create-namespace']
  await cluster.helm(['install', 'chitin', chart, ...where, '--wait', '--timeout', '3m'])
  tell('Installed. Nothing has changed yet: Chitin does nothing until a policy asks it to.')

  tell('$ kubectl apply -f deploy/example/edge.yaml')
  await cluster.kubectl(['apply', '-f', join(project, 'deploy', 'example', 'edge.yaml')])
  const audit = await edge.condition('Programmed', 'False', 'Audit')
  tell('A TLSPolicy in Audit (the default) says what it would do:')
  detail(audit.message ?? '')

  const enforced = performance.now()
  await edge.apply({ enforcement: 'Enforce' })
  tell('The same policy with enforcement: Enforce. ingress-nginx rolls, pod by pod ...')
  await edge.condition('Ready', 'True')
  tell(`Ready: every pod was asked over TLS and showed the right certificate (${since(enforced)} after kubectl apply).`)
  await table(cluster.kubectlScript)

  tell('https://shop.example.com again, this time by an engine written in TypeScript:')
  detail((await shop.served('shop.example.com')).tls)
  for (const [version, flag] of [
    ['HTTP/1.1', '--http1.1'],
    ['HTTP/2', '--http2'],
  ] as const) {
    const echo = await shop.echo('https://shop.example.com/', [flag])
    const { 'x-real-ip': client, 'x-forwarded-proto': scheme } = echo.headers
    detail(`${version}: the backend sees the client ${client ?? '?'} and X-Forwarded-Proto: ${scheme ?? '?'}`)
  }
  const redirect = await shop.request('http://shop.example.com/')
  detail(`port 80: ${redirect.status} to ${redirect.headers.get('location') ?? '?'}`)

  tell('Now the certificate is replaced, under a constant load of requests.')
  await answersEverywhere(shop, 'shop.example.com')
  const load = await startLoad(`${cluster.namespace}-out`, {
    host: 'shop.example.com',
    address: shop.address,
    caFile: shop.caFile,
    workers: 4,
  })
  await pause(1500)
  const written = performance.now()
  const pair = await shop.issue('shop-tls', { names: ['shop.example.com'] })
  const { length } = await edge.pods()
  await edge.certificate('shop.example.com', 'to be served by every pod', (one) =>
    isServed(one, pair.fingerprint, length),
  )
  const took = since(written)
  await pause(1000)
  const report = await load.stop()
  detail(`the new certificate was served and verified on ${length} pods ${took} after the Secret was written`)
  detail(`${report.answered} requests were answered meanwhile, ${report.failed} failed`)
  if (report.failed > 0) throw new Error(`requests failed: ${report.failures.join('; ')}`)

  tell('Somebody puts a certificate for the wrong name into the Secret.')
  const wrong = await shop.authority.issue({ names: ['wrong.example.com'] })
  await shop.putCertificate('shop-tls', wrong)
  const held = await edge.certificate('shop.example.com', 'to be held back', (one) => one.heldBack !== undefined)
  detail(`held back: ${held.heldBack?.reason ?? ''}: ${held.heldBack?.message ?? ''}`)
  const still = await shop.served('shop.example.com')
  if (still.fingerprint !== pair.fingerprint) throw new Error('the last good certificate is no longer served')
  detail('and the last good certificate is still served')
  await shop.putCertificate('shop-tls', pair)

  if (values.keep) return
  tell('$ kubectl delete tlspolicy edge: the pods come back as they were ...')
  await edge.delete()
  await cluster.kubectl([
    '-n',
    'ingress-nginx',
    'rollout',
    'status',
    'deployment/ingress-nginx-controller',
    '--timeout=180s',
  ])
  detail(`nginx serves by itself again: ${(await shop.served('shop.example.com')).tls}`)
  tell('$ helm uninstall chitin --namespace chitin-system')
  await cluster.helm(['uninstall', 'chitin', '--namespace', 'chitin-system', '--wait', '--timeout', '5m'])
}

async function theirCluster(context: string): Promise<void> {
  const kubectlPath = (await onPath('kubectl')) ? 'kubectl' : join(await ensureKubernetes(['kubectl']), 'kubectl')
  const kubectl = async (...arguments_: readonly string[]): Promise<string> =>
    await run(kubectlPath, ['--context', context, ...arguments_])
  const helm = (await onPath('helm')) ? 'helm' : await ensureHelm()
  let installing = false
  try {
    tell(`Looking for ingress-nginx in ${context}.`)
    const [first, ...others] = await ingressNginxIn(kubectl)
    if (first === undefined) throw new Error('no Deployment, DaemonSet or StatefulSet there runs an ingress-nginx')
    const { kind, namespace, name } = first
    detail(`${kind} ${namespace}/${name}${others.length === 0 ? '' : `, the first of ${others.length + 1}`}`)

    installing = true
    tell('Installing Chitin. It changes nothing until a policy asks it to.')
    const colon = values.image?.lastIndexOf(':') ?? -1
    const image =
      values.image === undefined
        ? []
        : [
            '--set',
            `image.repository=${values.image.slice(0, colon)}`,
            '--set',
            `image.tag=${values.image.slice(colon + 1)}`,
          ]
    const install = ['upgrade', '--install', 'chitin', chart, '--kube-context', context]
    const where = ['--namespace', 'chitin-system', '--create-namespace', '--wait', '--timeout', '3m']
    await run(helm, [...install, ...where, ...image])

    const apply = async (enforcement: 'Audit' | 'Enforce'): Promise<void> => {
      const policy = {
        apiVersion: 'tls.chitin.dev/v1alpha1',
        kind: 'TLSPolicy',
        metadata: { name: 'chitin-demo', namespace },
        spec: { enforcement, targetRefs: [{ kind, name }] },
      }
      await run(kubectlPath, ['--context', context, 'apply', '-f', '-'], { input: JSON.stringify(policy) })
    }
    const policy = ['-n', namespace, 'tlspolicies.tls.chitin.dev/chitin-demo'] as const
    await apply('Audit')
    await kubectl('wait', ...policy, '--for=condition=Programmed=False', '--timeout=60s')
    tell('A policy in Audit says what it would do:')
    const conditions = '{range .status.conditions[*]}{.type}={.status} {.reason}: {.message}{"\\n"}{end}'
    for (const line of (await kubectl('get', ...policy, '-o', `jsonpath=${conditions}`)).trim().split('\n'))
      detail(line)
    detail(`All of it: kubectl --context ${context} -n ${namespace} describe tlspolicies.tls.chitin.dev chitin-demo`)
    if (values.enforce) {
      await apply('Enforce')
      tell('Enforcing: the ingress pods are replaced one by one ...')
      await kubectl('wait', ...policy, '--for=condition=Ready', '--timeout=600s')
      tell('Ready: every pod was asked over TLS and showed the right certificate.')
      console.log(await kubectl('get', ...policy))
    } else tell('Nothing was changed. Add --enforce to go on.')
    tell('To leave again:')
    detail(`kubectl --context ${context} -n ${namespace} delete tlspolicies.tls.chitin.dev chitin-demo`)
    detail(`helm --kube-context ${context} -n chitin-system uninstall chitin`)
  } catch (error) {
    process.exitCode = 1
    tell(`That failed: ${error instanceof Error ? error.message : String(error)}`)
    if (!installing) return
    for (const look of [
      ['get', 'pods', '-o', 'wide'],
      ['get', 'events', '--sort-by=.lastTimestamp'],
      ['logs', '-l', 'app.kubernetes.io/name=chitin', '--tail=30', '--prefix'],
    ])
      console.log((await attempt(kubectlPath, ['--context', context, '-n', 'chitin-system', ...look])).stdout)
  }
}

/** The workloads that the operator would take for an ingress-nginx. */
async function ingressNginxIn(kubectl: (...arguments_: readonly string[]) => Promise<string>) {
  const text = await kubectl('get', 'deployments,daemonsets,statefulsets', '-A', '-o', 'json')
  const { items } = JSON.parse(text) as { readonly items: readonly Workload[] }
  return items
    .filter(({ spec }) => {
      const found = recognise(spec.template.spec, undefined)
      return !isRefused(found) && found.flavour.name === 'ingress-nginx'
    })
    .map(({ kind, metadata: { namespace = '', name = '' } }) => ({ kind, namespace, name }))
}

async function table(kubectl: string): Promise<void> {
  const text = await run(kubectl, ['-n', 'ingress-nginx', 'get', 'tlspolicies.tls.chitin.dev'])
  for (const line of text.trimEnd().split('\n')) detail(line)
}

function tell(text: string): void {
  console.log(`\n${since(began).padStart(8)}  ${text}`)
}

function detail(text: string): void {
  console.log(`${' '.repeat(10)}${text}`)
}

function since(start: number): string {
  return `${((performance.now() - start) / 1000).toFixed(1)} s`
}
