/**
 * Plays what is missing beside a bare API server: the Deployment controller that makes pods from a template, the kubelet
 * that gives them an address, and the sidecar that serves the bundle.
 */
import { createHash } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { createSecureContext, createServer, type SecureContext, type Server } from 'node:tls'
import { parseManifest } from '../../src/api/bundle.ts'
import type { Pod } from '../../src/api/pod.ts'
import type { Secret } from '../../src/api/secret.ts'
import type { Workload } from '../../src/api/workload.ts'
import type { KubeClient } from '../../src/kube/client.ts'
import { isConflict, isNotFound } from '../../src/kube/kube-error.ts'
import { pause } from '../../src/kube/pause.ts'
import { resources, type KubeObject } from '../../src/kube/resource.ts'

type Live<T> = T & KubeObject

/** Keeps the pods of one Deployment equal to its template, until the signal is aborted. */
export async function playDeployment(client: KubeClient, namespace: string, name: string, signal: AbortSignal) {
  while (!signal.aborted) {
    try {
      await step(client, namespace, name)
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error)) throw error
    }
    await pause(50, signal)
  }
}

/** All pods of a namespace. */
export async function podsOf(client: KubeClient, namespace: string): Promise<readonly Live<Pod>[]> {
  return (await client.list<Live<Pod>>(resources.pods, { namespace })).items
}

async function step(client: KubeClient, namespace: string, name: string): Promise<void> {
  const deployment = await client.find<Live<Workload>>(resources.deployments, { namespace, name })
  if (deployment === undefined) return
  const { template, replicas = 1 } = deployment.spec
  const hash = createHash('sha256').update(JSON.stringify(template)).digest('hex').slice(0, 8)
  const pods = await podsOf(client, namespace)
  for (const pod of pods) {
    if (pod.metadata.labels?.['pod-template-hash'] === hash) continue
    await client.delete(resources.pods, { namespace, name: pod.metadata.name }, { gracePeriodSeconds: 0 })
  }
  for (let i = 0; i < replicas; i++) {
    const podName = `${name}-${hash}-${i}`
    if (pods.some(({ metadata }) => metadata.name === podName)) continue
    const metadata = {
      namespace,
      name: podName,
      labels: { ...template.metadata?.labels, 'pod-template-hash': hash },
      annotations: template.metadata?.annotations ?? {},
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${name}-${hash}`, uid: 'played', controller: true },
      ],
    }
    await client.create(resources.pods, { metadata, spec: template.spec } as object & { metadata: typeof metadata })
    const status = {
      phase: 'Running',
      podIP: '127.0.0.1',
      podIPs: [{ ip: '127.0.0.1' }],
      conditions: [{ type: 'Ready', status: 'True' }],
    }
    await client.patch(resources.pods, { namespace, name: podName }, { status }, { subresource: 'status' })
  }
  const done = {
    observedGeneration: deployment.metadata.generation,
    replicas,
    readyReplicas: replicas,
    updatedReplicas: replicas,
    availableReplicas: replicas,
  }
  if (deployment.status?.observedGeneration === done.observedGeneration) return
  const ref = { namespace, name }
  await client.patch(resources.deployments, ref, { status: done }, { subresource: 'status' })
}

/** A TLS server that serves what the bundle Secret says at the moment of each handshake. */
export async function playSidecar(
  client: KubeClient,
  bundle: { readonly namespace: string; readonly name: string },
): Promise<{ readonly port: number; close(): void }> {
  const server: Server = createServer({
    SNICallback: (name, done) => {
      contextFor(client, bundle, name).then(
        (context) => done(null, context),
        (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
      )
    },
  })
  server.on('tlsClientError', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, close: () => server.close() }
}

async function contextFor(
  client: KubeClient,
  ref: { readonly namespace: string; readonly name: string },
  name: string,
): Promise<SecureContext> {
  const { data = {} } = await client.get<Live<Secret>>(resources.secrets, ref)
  const bytes = (file: string): Buffer => Buffer.from(data[file] ?? '', 'base64')
  const manifest = parseManifest(bytes('bundle.json').toString())
  const host = manifest.committed.hosts.find(({ names }) => names.includes(name))
  const [credential] = host?.credentials ?? []
  if (credential === undefined) throw new Error(`nothing is served for ${name}`)
  return createSecureContext({
    cert: credential.chain.map((hash) => pem('CERTIFICATE', bytes(`cert-${hash}`))).join(''),
    key: pem('PRIVATE KEY', bytes(`key-${credential.key}`)),
  })
}

function pem(label: string, der: Buffer): string {
  return `-----BEGIN ${label}-----\n${der.toString('base64')}\n-----END ${label}-----\n`
}
