/** The operator as it runs, on a real API server; pods, Deployments and the sidecar are played. */
import assert from 'node:assert/strict'
import { createHash, X509Certificate } from 'node:crypto'
import { PassThrough } from 'node:stream'
import { after, before, describe, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { manifestFile, parseManifest, type BundleManifest } from '../../src/api/bundle.ts'
import type { ConfigMap } from '../../src/api/config-map.ts'
import type { Workload } from '../../src/api/workload.ts'
import { createCertificates } from '../../src/controller/webhook-configuration/authority.ts'
import { run } from '../../src/controller/run.ts'
import { noble } from '../../src/crypto/noble/provider.ts'
import { connect, type KubeClient } from '../../src/kube/client.ts'
import { resources, type KubeObject } from '../../src/kube/resource.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { eventually, freePorts, startControlPlane, type ControlPlane } from './harness.ts'
import { condition, ingress, namespace, operatorKubeconfig, policy, put, putIngressNginx, status } from './objects.ts'
import { playDeployment, playSidecar, podsOf } from './workload-player.ts'

describe('the operator, on a real API server', () => {
  let plane: ControlPlane
  let client: KubeClient
  let operator: Running
  let played: Promise<void>
  let sidecar: Awaited<ReturnType<typeof playSidecar>>
  let ports: [number, number]
  const playing = new AbortController()

  before(async () => {
    plane = await startControlPlane()
    client = plane.client
    sidecar = await playSidecar(client, { namespace, name: 'chitin-edge-bundle' })
    await putIngressNginx(client, sidecar.port)
    await put(client, resources.ingresses, ingress('shop', 'shop.example.com', 'shop-tls'))
    await putCertificate(client, 'shop-tls', 'shop.example.com')
    played = playDeployment(client, namespace, 'nginx', playing.signal)
    await eventually('two pods are there', async () => (await podsOf(client, namespace)).length === 2)
    ports = await twoPorts()
    operator = await start(plane, ports)
  })
  after(async () => {
    await operator.stop()
    playing.abort()
    await played
    sidecar.close()
    await plane.stop()
  })

  test('Audit reports, and changes nothing', async () => {
    const before = await everything(client)
    await put(client, resources.tlsPolicies, policy('edge', 'Audit'))
    await eventually(
      'the policy is judged',
      async () => (await condition(client, 'edge', 'Programmed')) === 'False/Audit',
    )
    assert.equal(await condition(client, 'edge', 'Accepted'), 'True/Accepted')
    assert.equal(await condition(client, 'edge', 'Ready'), 'True/Audit')
    assert.deepEqual(await everything(client), before)
    const { metadata } = await client.get(resources.tlsPolicies, { namespace, name: 'edge' })
    assert.deepEqual(metadata.finalizers ?? [], [])
  })

  test('Enforce makes bundle and ConfigMap, then the webhook, then rolls; and sees the right certificate', async () => {
    await put(client, resources.tlsPolicies, policy('edge', 'Enforce'))
    await eventually('the policy is ready', async () => (await condition(client, 'edge', 'Ready')) === 'True/Ready')
    const derived = await client.get<ConfigMap & KubeObject>(resources.configMaps, {
      namespace,
      name: 'chitin-edge-nginx',
    })
    assert.equal(derived.data?.['bind-address'], '127.0.0.1,::1')
    assert.equal(derived.data?.['keep-alive'], '75')
    const bundle = await client.get(resources.secrets, { namespace, name: 'chitin-edge-bundle' })
    assert.equal(bundle.metadata.ownerReferences?.[0]?.kind, 'TLSPolicy')
    for (const pod of await podsOf(client, namespace)) {
      assert.equal(pod.metadata.labels?.['tls.chitin.dev/injected'], 'true')
      assert.ok(pod.spec.initContainers?.some(({ name }) => name === 'chitin'))
    }
    const { summary, certificates = [] } = await status(client, 'edge')
    assert.deepEqual([summary?.coverage, summary?.served], ['2/2', '1/1'])
    assert.deepEqual(certificates[0]?.served, [{ fingerprintSHA256: await fingerprintIn(client, 'shop-tls'), pods: 2 }])
  })

  test('a second operator finds nothing to write', async () => {
    await operator.stop()
    operator = await start(plane, ports)
    await eventually('it leads and has looked', async () => (await operator.metric('chitin_reconcile_total')) >= 1)
    await eventually('it is ready', async () => (await condition(client, 'edge', 'Ready')) === 'True/Ready')
    await new Promise((resolve) => setTimeout(resolve, 3000))
    assert.deepEqual(
      operator.writes.filter((write) => !write.includes('lease')),
      [],
    )
  })

  test('a replaced Secret is served and verified', async () => {
    await putCertificate(client, 'shop-tls', 'shop.example.com')
    const wanted = await fingerprintIn(client, 'shop-tls')
    await eventually('the new certificate is verified', async () => {
      const [certificate] = (await status(client, 'edge')).certificates ?? []
      return certificate?.fingerprintSHA256 === wanted && certificate.verifiedAt !== undefined
    })
  })

  test('a replaced Secret is fetched once, and with it the bundle that it goes into', async () => {
    const before = operator.fetched.length
    await putCertificate(client, 'shop-tls', 'shop.example.com')
    const wanted = await fingerprintIn(client, 'shop-tls')
    await eventually('the new certificate is verified', async () => {
      const [certificate] = (await status(client, 'edge')).certificates ?? []
      return certificate?.fingerprintSHA256 === wanted && certificate.verifiedAt !== undefined
    })
    assert.deepEqual(operator.fetched.slice(before).toSorted(), ['chitin-edge-bundle', 'shop-tls'])
  })

  test('a bad Secret is held back with its reason, and the last good certificate stays', async () => {
    const good = await fingerprintIn(client, 'shop-tls')
    const other = await createCertificates(['shop.example.com'], new Date())
    const now = await client.get<KubeObject & { data: Record<string, string> }>(resources.secrets, {
      namespace,
      name: 'shop-tls',
    })
    const data = { ...now.data, 'tls.key': Buffer.from(other.leafKey).toString('base64') }
    await put(client, resources.secrets, { metadata: { namespace, name: 'shop-tls' }, type: 'kubernetes.io/tls', data })
    await eventually(
      'it is held back',
      async () => (await condition(client, 'edge', 'CertificatesValid')) === 'False/KeyMismatch',
    )
    const [certificate] = (await status(client, 'edge')).certificates ?? []
    assert.equal(certificate?.heldBack?.reason, 'KeyMismatch')
    assert.equal(certificate?.fingerprintSHA256, good)
    assert.equal(await condition(client, 'edge', 'Ready'), 'False/CertificateHeldBack')
    await putCertificate(client, 'shop-tls', 'shop.example.com')
    await eventually('all is well again', async () => (await condition(client, 'edge', 'Ready')) === 'True/Ready')
  })

  test('a Secret that is gone is named, and its last certificate goes on being served', async () => {
    const good = await fingerprintIn(client, 'shop-tls')
    await client.delete(resources.secrets, { namespace, name: 'shop-tls' })
    await eventually('it is missed', async () => {
      return (await condition(client, 'edge', 'ResolvedRefs')) === 'False/SecretNotFound'
    })
    // Nobody remembers the certificate but the bundle.
    await operator.stop()
    operator = await start(plane, ports)
    await eventually('a new operator has looked', async () => (await operator.metric('chitin_reconcile_total')) >= 1)
    const [certificate] = (await status(client, 'edge')).certificates ?? []
    assert.equal(certificate?.fingerprintSHA256, good)
    assert.deepEqual(certificate?.served, [{ fingerprintSHA256: good, pods: 2 }])
    await putCertificate(client, 'shop-tls', 'shop.example.com')
    await eventually('all is well again', async () => (await condition(client, 'edge', 'Ready')) === 'True/Ready')
  })

  test('a younger policy for the same workload gives way, and says to whom', async () => {
    await put(client, resources.tlsPolicies, policy('late', 'Enforce'))
    await eventually('it gives way', async () => (await condition(client, 'late', 'Accepted')) === 'False/Conflicted')
    assert.deepEqual((await status(client, 'late')).conflictsWith, ['edge/edge'])
    await client.delete(resources.tlsPolicies, { namespace, name: 'late' })
  })

  test('an Ingress that asks for what can not be served is named, and what is in force stays', async () => {
    const passthrough = ingress('odd', 'odd.example.com', 'shop-tls', {
      'nginx.ingress.kubernetes.io/ssl-passthrough': 'true',
    })
    await put(client, resources.ingresses, passthrough)
    await eventually(
      'it is refused',
      async () => (await condition(client, 'edge', 'Accepted')) === 'False/UnsupportedFeature',
    )
    assert.ok(
      (await podsOf(client, namespace)).every((pod) => pod.metadata.labels?.['tls.chitin.dev/injected'] === 'true'),
    )
    await client.delete(resources.ingresses, { namespace, name: 'odd' })
    await eventually('it is accepted again', async () => (await condition(client, 'edge', 'Ready')) === 'True/Ready')
  })

  test('a policy that finds its nginx no more takes no host of an Ingress out of the bundle', async () => {
    const hosts = [{ hosts: ['other.example.com'], secretRefs: [{ name: 'other-tls' }] }]
    await putCertificate(client, 'other-tls', 'other.example.com')
    const served = policy('edge', 'Enforce', { certificates: { hosts } })
    await put(client, resources.tlsPolicies, served)
    await eventually('both are served', async () => (await hostsIn(client)).length === 2)
    await eventually('the policy is ready', async () => (await condition(client, 'edge', 'Ready')) === 'True/Ready')
    const lost = {
      NoNginxContainer: { container: 'misspelt' },
      TargetNotFound: { targetRefs: [{ group: 'apps', kind: 'Deployment', name: 'misspelt' }] },
    }
    for (const [reason, change] of Object.entries(lost)) {
      await put(client, resources.tlsPolicies, { ...served, spec: { ...served.spec, ...change } })
      await eventually('it is said', async () => (await condition(client, 'edge', 'Accepted')) === `False/${reason}`)
      assert.deepEqual(await hostsIn(client), ['other.example.com', 'shop.example.com'], reason)
    }
    await put(client, resources.tlsPolicies, policy('edge', 'Enforce'))
    await eventually('one is served', async () => (await hostsIn(client)).length === 1)
    await eventually('the policy is ready', async () => (await condition(client, 'edge', 'Ready')) === 'True/Ready')
  })

  test('clients are asked for certificates when their authorities are known, and not before; ticket keys stay', async () => {
    const before = await manifest(client)
    assert.equal(before.tickets?.keys.length, 2)
    const asking = policy('edge', 'Enforce', {
      tls: { clientAuth: { mode: 'Require', caRef: { name: 'client-ca' } } },
    })
    await put(client, resources.tlsPolicies, asking)
    await eventually('the authorities are missed', async () => {
      return (await condition(client, 'edge', 'ResolvedRefs')) === 'False/SecretNotFound'
    })
    assert.equal(await condition(client, 'edge', 'CertificatesValid'), 'False/SecretNotFound')
    assert.deepEqual(await manifest(client), before)

    const { trusted } = await createCertificates(['clients.example.com'], new Date())
    const data = { 'ca.crt': Buffer.from(trusted).toString('base64') }
    await put(client, resources.secrets, { metadata: { namespace, name: 'client-ca' }, type: 'Opaque', data })
    await eventually('clients are asked', async () => (await manifest(client)).committed.tls.clientAuth !== undefined)
    await eventually('the policy is ready', async () => (await condition(client, 'edge', 'Ready')) === 'True/Ready')
    const after = await manifest(client)
    assert.equal(after.committed.tls.clientAuth?.mode, 'Require')
    assert.deepEqual(after.tickets, before.tickets)

    await put(client, resources.tlsPolicies, policy('edge', 'Enforce'))
    await eventually('nobody is asked', async () => (await manifest(client)).committed.tls.clientAuth === undefined)
    await eventually('the policy is ready', async () => (await condition(client, 'edge', 'Ready')) === 'True/Ready')
  })

  test('a deleted webhook configuration comes back', async () => {
    await client.delete(resources.mutatingWebhookConfigurations, { name: 'chitin' })
    await eventually('it is there again', async () => {
      return (await client.find(resources.mutatingWebhookConfigurations, { name: 'chitin' })) !== undefined
    })
  })

  test('two replicas serve one certificate, and the second leads when the first goes', async () => {
    const others = await twoPorts()
    const second = await start(plane, others)
    const leaves = await Promise.all([ports[0], others[0]].map(async (port) => leafAt(port)))
    assert.equal(leaves[0], leaves[1])
    assert.equal(await second.metric('chitin_leader '), 0)
    await operator.stop()
    await eventually('the second leads', async () => (await second.metric('chitin_leader ')) === 1)
    operator = second
    await eventually('all is well under it', async () => (await condition(client, 'edge', 'Ready')) === 'True/Ready')
  })

  test('deleting the policy brings the pods back as they were, and leaves nothing', async () => {
    await client.delete(resources.tlsPolicies, { namespace, name: 'edge' })
    await eventually('the policy is gone', async () => {
      return (await client.find(resources.tlsPolicies, { namespace, name: 'edge' })) === undefined
    })
    const pods = await podsOf(client, namespace)
    assert.equal(pods.length, 2)
    for (const pod of pods) {
      assert.equal(pod.metadata.labels?.['tls.chitin.dev/injected'], undefined)
      assert.deepEqual(pod.spec.initContainers ?? [], [])
    }
    const { spec } = await client.get<Workload & KubeObject>(resources.deployments, { namespace, name: 'nginx' })
    assert.equal(spec.template.metadata?.annotations?.['tls.chitin.dev/rollout'], undefined)
    assert.equal(await client.find(resources.secrets, { namespace, name: 'chitin-edge-bundle' }), undefined)
    assert.equal(await client.find(resources.configMaps, { namespace, name: 'chitin-edge-nginx' }), undefined)
    assert.equal(await client.find(resources.mutatingWebhookConfigurations, { name: 'chitin' }), undefined)
  })

  test('no key was ever written into the log', () => {
    assert.ok(!operator.log().includes('PRIVATE KEY'))
  })
})

interface Running {
  /** Every write, as `verb kind namespace/name`. */
  readonly writes: readonly string[]
  /** Names of the Secrets whose content was fetched in the policies' namespace. */
  readonly fetched: readonly string[]
  log(): string
  metric(name: string): Promise<number>
  stop(): Promise<void>
}

async function start(plane: ControlPlane, [webhookPort, adminPort]: readonly [number, number]): Promise<Running> {
  const writes: string[] = []
  const fetched: string[] = []
  const client = counted(connect({ kubeconfigText: operatorKubeconfig(plane) }), writes, fetched)
  const stop = new AbortController()
  const out = new PassThrough()
  let text = ''
  out.on('data', (chunk: Buffer) => (text += chunk.toString()))
  const ended = run(
    {
      client,
      namespace: 'chitin-system',
      identity: `test-${webhookPort}`,
      service: 'chitin-webhook',
      webhook: { host: '127.0.0.1', port: webhookPort },
      webhookUrl: `https://127.0.0.1:${webhookPort}`,
      admin: { host: '127.0.0.1', port: adminPort },
      sidecarImage: 'registry.example.com/chitin:test',
      leaderElect: true,
      crypto: noble,
      log: createLog('debug', out),
      lingerMs: 0,
    },
    stop.signal,
  )
  const ask = async (path: string): Promise<Response> => fetch(`http://127.0.0.1:${adminPort}${path}`)
  await eventually('the operator is ready', async () => (await ask('/readyz').catch(() => undefined))?.status === 200)
  return {
    writes,
    fetched,
    log: () => text,
    async metric(name) {
      const lines = (await (await ask('/metrics')).text()).split('\n').filter((line) => line.startsWith(name))
      return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
    },
    async stop() {
      stop.abort()
      await ended
      client.close()
    },
  }
}

/** The same client, which notes every write, and every Secret of the policies' namespace that it fetches. */
function counted(client: KubeClient, writes: string[], fetched: string[]): KubeClient {
  const note = (verb: string, kind: string, name: string): void => {
    writes.push(`${verb} ${kind} ${name}`.toLowerCase())
  }
  const own: Partial<KubeClient> = {
    find: async (type, ref, options) => {
      if (type.kind === 'Secret' && ref.namespace === namespace) fetched.push(ref.name)
      return client.find(type, ref, options)
    },
    apply: async (type, object, options) => {
      note('apply', `${type.kind}${options?.subresource === undefined ? '' : '/status'}`, object.metadata.name ?? '')
      return client.apply(type, object, options)
    },
    patch: async (type, ref, patch, options) => {
      note('patch', type.kind, ref.name)
      return client.patch(type, ref, patch, options)
    },
    create: async (type, object, options) => {
      note('create', type.kind, object.metadata.name ?? '')
      return client.create(type, object, options)
    },
    replace: async (type, object, options) => {
      note('replace', type.kind, object.metadata.name ?? '')
      return client.replace(type, object, options)
    },
    delete: async (type, ref, options) => {
      note('delete', type.kind, ref.name)
      return client.delete(type, ref, options)
    },
  }
  return new Proxy(client, {
    get: (target, name) => {
      const value: unknown = Reflect.get(own, name) ?? Reflect.get(target, name)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

/** Every object that an operator could touch, with its version. */
async function everything(client: KubeClient): Promise<string[]> {
  const kinds = [
    resources.pods,
    resources.secrets,
    resources.configMaps,
    resources.deployments,
    resources.ingresses,
    resources.mutatingWebhookConfigurations,
  ]
  const lists = await Promise.all(kinds.map(async (type) => client.list(type, { metadataOnly: true })))
  return lists
    .flatMap(({ items }) => items)
    .filter(({ metadata }) => metadata.namespace === namespace || metadata.namespace === undefined)
    .map(({ kind, metadata }) => `${kind} ${metadata.name} ${metadata.uid} ${metadata.resourceVersion}`)
    .toSorted()
}

async function putCertificate(client: KubeClient, name: string, host: string): Promise<void> {
  const { leaf, leafKey, signer } = await createCertificates([host], new Date())
  // The authority's leaf is a server's certificate for a week: just what is needed here.
  const data = {
    'tls.crt': Buffer.from(`${leaf}\n${signer}`).toString('base64'),
    'tls.key': Buffer.from(leafKey).toString('base64'),
  }
  await put(client, resources.secrets, { metadata: { namespace, name }, type: 'kubernetes.io/tls', data })
}

async function fingerprintIn(client: KubeClient, name: string): Promise<string> {
  const { data } = await client.get<KubeObject & { data: Record<string, string> }>(resources.secrets, {
    namespace,
    name,
  })
  const { raw } = new X509Certificate(Buffer.from(data['tls.crt'] ?? '', 'base64'))
  return createHash('sha256').update(raw).digest('hex')
}

/** What the bundle's `bundle.json` says. */
async function manifest(client: KubeClient): Promise<BundleManifest> {
  const ref = { namespace, name: 'chitin-edge-bundle' }
  const { data } = await client.get<KubeObject & { data: Record<string, string> }>(resources.secrets, ref)
  return parseManifest(Buffer.from(data[manifestFile] ?? '', 'base64').toString())
}

async function hostsIn(client: KubeClient): Promise<string[]> {
  return (await manifest(client)).committed.hosts.flatMap(({ names }) => names).toSorted()
}

/** The certificate that a server shows. */
async function leafAt(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerX509Certificate()?.fingerprint256 ?? '')
      socket.destroy()
    })
    socket.on('error', reject)
  })
}

async function twoPorts(): Promise<[number, number]> {
  return (await freePorts(2)) as [number, number]
}
