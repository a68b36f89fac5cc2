/** A tenant who may make policies and workloads in a namespace, against the rest of a cluster with a real API server. */
import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { after, before, describe, test } from 'node:test'
import { parseManifest } from '../../src/api/bundle.ts'
import type { Secret } from '../../src/api/secret.ts'
import { createCertificates } from '../../src/controller/webhook-configuration/authority.ts'
import { run } from '../../src/controller/run.ts'
import { noble } from '../../src/crypto/noble/provider.ts'
import { connect, type KubeClient } from '../../src/kube/client.ts'
import { resources, type KubeObject } from '../../src/kube/resource.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { ensureNamespace, eventually, freePorts, startControlPlane, type ControlPlane } from './harness.ts'
import {
  condition,
  grant,
  ingress,
  namespace,
  operatorKubeconfig,
  policy,
  put,
  putIngressNginx,
  status,
} from './objects.ts'

describe('a tenant', () => {
  let plane: ControlPlane
  let client: KubeClient
  const stop = new AbortController()
  let ended: Promise<unknown>

  before(async () => {
    plane = await startControlPlane()
    client = plane.client
    await putIngressNginx(client, 8443)
    await ensureNamespace(client, 'vault')
    await putCertificate(client, 'vault', 'crown-tls', 'crown.example.com')
    await putCertificate(client, 'vault', 'crown-default', 'crown.example.com')
    await putCertificate(client, namespace, 'own-tls', 'shop.example.com')
    const theirs = ingress('crown', 'crown.example.com', 'crown-tls')
    await put(client, resources.ingresses, { ...theirs, metadata: { ...theirs.metadata, namespace: 'vault' } })
    await put(client, resources.ingresses, ingress('own', 'shop.example.com', 'own-tls'))
    const [port = 0] = await freePorts(1)
    ended = run(
      {
        client: connect({ kubeconfigText: operatorKubeconfig(plane) }),
        namespace: 'chitin-system',
        identity: 'test',
        service: 'chitin-webhook',
        webhook: { host: '127.0.0.1', port },
        webhookUrl: `https://127.0.0.1:${port}`,
        sidecarImage: 'registry.example.com/chitin:test',
        leaderElect: false,
        crypto: noble,
        log: createLog('error', new PassThrough().resume()),
        lingerMs: 0,
      },
      stop.signal,
    )
  })
  after(async () => {
    stop.abort()
    await ended
    await plane.stop()
  })

  test('whose nginx may not list Secrets elsewhere gets none of another namespace, by Ingress or by flag', async () => {
    const args = '/spec/template/spec/containers/0/args/-'
    const patch = [{ op: 'add', path: args, value: '--default-ssl-certificate=vault/crown-default' }]
    await client.patch(resources.deployments, { namespace, name: 'nginx' }, patch, { type: 'json' })
    const certificates = { unknownSNI: 'ServeDefault' }
    await put(client, resources.tlsPolicies, policy('edge', 'Enforce', { certificates }))
    await eventually('it is told', async () => {
      return (await condition(client, 'edge', 'ResolvedRefs')) === 'False/RefNotPermitted'
    })
    assert.deepEqual(await hostsServed(client), ['shop.example.com'])
    const { conditions = [], certificates: said = [] } = await status(client, 'edge')
    assert.match(
      conditions.find(({ type }) => type === 'ResolvedRefs')?.message ?? '',
      /ServiceAccount edge\/default may not list Secrets in namespace vault/,
    )
    for (const { secret, ...known } of said.filter((one) => one.secret.namespace === 'vault'))
      assert.deepEqual(Object.keys({ ...secret, ...known }).toSorted(), ['heldBack', 'host', 'name', 'namespace'])
    assert.deepEqual(said.map(({ host }) => host).toSorted(), ['*', 'crown.example.com', 'shop.example.com'])
  })

  test('whose nginx may list them is served them, and no others', async () => {
    await grant(client, 'vault', { resources: ['secrets'], verbs: ['list'] }, { namespace, name: 'default' })
    await eventually('they are in the bundle', async () => (await hostsServed(client)).includes('crown.example.com'))
    await eventually('all is resolved', async () => {
      return (await condition(client, 'edge', 'ResolvedRefs')) === 'True/ResolvedRefs'
    })
  })
})

async function putCertificate(client: KubeClient, home: string, name: string, host: string): Promise<void> {
  const { leaf, leafKey } = await createCertificates([host], new Date())
  const data = { 'tls.crt': base64(leaf), 'tls.key': base64(leafKey) }
  await put(client, resources.secrets, { metadata: { namespace: home, name }, type: 'kubernetes.io/tls', data })
}

/** Names that the bundle has certificates for. */
async function hostsServed(client: KubeClient): Promise<string[]> {
  const ref = { namespace, name: 'chitin-edge-bundle' }
  const { data = {} } = await client.get<Secret & KubeObject>(resources.secrets, ref)
  const { committed } = parseManifest(Buffer.from(data['bundle.json'] ?? '', 'base64').toString())
  return [
    ...committed.hosts.flatMap(({ names }) => names),
    ...(committed.defaultCredentials === undefined ? [] : ['*']),
  ].toSorted()
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
