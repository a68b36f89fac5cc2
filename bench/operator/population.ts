/**
 * The cluster that the operator is measured on. Each policy has an ingress-nginx of its own, as teams have in a cluster
 * that many share. One half of them live ten to a namespace, each with an IngressClass of its own; each of the others has
 * a namespace of its own, which it watches, and shares the class `nginx` with the rest. Each Ingress names its hosts with
 * a Secret each, and every Secret holds a certificate and a key of its own.
 */
import { webcrypto } from 'node:crypto'
// oxlint-disable-next-line import/no-unassigned-import -- it must have run before tsyringe loads
import '../../src/controller/webhook-configuration/reflect-metadata.ts'
import * as x509 from '@peculiar/x509'
import type { Draft } from '../../src/kube/calls.ts'
import type { KubeClient } from '../../src/kube/client.ts'
import { isAlreadyExists } from '../../src/kube/kube-error.ts'
import { resources, type ResourceType } from '../../src/kube/resource.ts'

export interface Size {
  readonly secrets: number
  readonly ingresses: number
  readonly policies: number
}

/** Where one policy is, and what it has. */
export interface Team {
  readonly namespace: string
  readonly name: string
  readonly ingressClass: string
  readonly ingresses: readonly { readonly name: string; readonly hosts: readonly Host[] }[]
}

export interface Host {
  readonly host: string
  readonly secret: string
}

/** Spreads Ingresses over the policies, and Secrets over the Ingresses; what is left over goes to the first ones. */
export function teamsOf({ secrets, ingresses, policies }: Size): Team[] {
  return Array.from({ length: policies }, (_, index) => {
    const name = `nginx-${index}`
    const isShared = index % 2 === 0
    const namespace = isShared ? `team-${Math.floor(index / 2 / policiesPerNamespace)}` : `alone-${index}`
    const own = share(ingresses, policies, index)
    const first = before(ingresses, policies, index)
    return {
      namespace,
      name,
      ingressClass: isShared ? name : 'nginx',
      ingresses: Array.from({ length: own }, (_, i) => {
        const number = first + i
        const hosts = Array.from({ length: share(secrets, ingresses, number) }, (_, h) => ({
          host: `h${h}.app-${number}.example.com`,
          secret: `app-${number}-h${h}`,
        }))
        return { name: `app-${number}`, hosts }
      }),
    }
  })
}

/** Creates everything but the policies. `port` is where the sidecars are played. */
export async function populate(
  client: KubeClient,
  teams: readonly Team[],
  authority: Authority,
  port: number,
): Promise<void> {
  const namespaces = new Set(teams.map(({ namespace }) => namespace))
  await each([...namespaces], async (name) => create(client, resources.namespaces, { metadata: { name } }))
  const nodes = Array.from({ length: nodeCount }, (_, i) => `node-${i}`)
  await each(nodes, async (name) => create(client, nodeType, { metadata: { name } }))
  const controller = { controller: 'k8s.io/ingress-nginx' }
  await create(client, resources.ingressClasses, { metadata: { name: 'nginx' }, spec: controller })
  await each([...teams.entries()], async ([index, team]) => {
    const { namespace, name, ingressClass } = team
    if (ingressClass === name) {
      const spec = { controller: `k8s.io/${name}` }
      await create(client, resources.ingressClasses, { metadata: { name }, spec })
    }
    await create(client, resources.configMaps, { metadata: { namespace, name }, data: { 'keep-alive': '75' } })
    await create(client, resources.deployments, deployment(team, `node-${index % nodeCount}`, port))
    for (const ingress of team.ingresses) {
      for (const { host, secret } of ingress.hosts)
        await create(client, resources.secrets, await secretOf(team, secret, host, authority))
      await create(client, resources.ingresses, ingressOf(team, ingress))
    }
  })
}

/** Creates the policies of some teams. */
export async function enforce(client: KubeClient, teams: readonly Team[]): Promise<void> {
  await each(teams, async ({ namespace, name }) => {
    const targetRefs = [{ group: 'apps', kind: 'Deployment', name }]
    const spec = { targetRefs, mode: 'Sidecar', enforcement: 'Enforce' }
    await create(client, resources.tlsPolicies, { metadata: { namespace, name }, spec })
  })
}

/** Signs certificates, and remembers what each host's is now. */
export class Authority {
  readonly #keys: webcrypto.CryptoKeyPair
  readonly #issuer: x509.X509Certificate
  readonly #issued = new Map<string, { readonly cert: string; readonly key: string }>()

  private constructor(keys: webcrypto.CryptoKeyPair, issuer: x509.X509Certificate) {
    this.#keys = keys
    this.#issuer = issuer
  }

  static async create(): Promise<Authority> {
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
    const extensions = [new x509.BasicConstraintsExtension(true, 0, true)]
    const name = 'CN=bench'
    const issuer = await x509.X509CertificateGenerator.createSelfSigned({ keys, name, ...valid(), extensions })
    return new Authority(keys, issuer)
  }

  /** A new certificate with a new key, PEM. */
  async issue(host: string): Promise<{ readonly cert: string; readonly key: string }> {
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: webcrypto.randomUUID().replaceAll('-', '').slice(1),
      subject: 'CN=bench leaf',
      issuer: this.#issuer.subject,
      ...valid(),
      publicKey: keys.publicKey,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: algorithm,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth], false),
        new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: host }]),
      ],
    })
    const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)
    const issued = { cert: certificate.toString('pem'), key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY') }
    this.#issued.set(host, issued)
    return issued
  }

  /** The newest one. */
  of(host: string): { readonly cert: string; readonly key: string } | undefined {
    return this.#issued.get(host)
  }
}

/** A Secret with a new certificate for its host. */
export async function secretOf({ namespace }: Team, name: string, host: string, authority: Authority) {
  const { cert, key } = await authority.issue(host)
  const data = { 'tls.crt': btoa(cert), 'tls.key': btoa(key) }
  return { metadata: { namespace, name }, type: 'kubernetes.io/tls', data }
}

function ingressOf({ namespace, ingressClass }: Team, { name, hosts }: Team['ingresses'][number]) {
  const service = { name: 'backend', port: { number: 80 } }
  const paths = [{ path: '/', pathType: 'Prefix', backend: { service } }]
  return {
    metadata: { namespace, name },
    spec: {
      ingressClassName: ingressClass,
      tls: hosts.map(({ host, secret }) => ({ hosts: [host], secretName: secret })),
      rules: hosts.map(({ host }) => ({ host, http: { paths } })),
    },
  }
}

function deployment({ namespace, name, ingressClass }: Team, nodeName: string, port: number) {
  const labels = { app: name }
  const scope =
    ingressClass === 'nginx' ? [`--watch-namespace=${namespace}`] : [`--controller-class=k8s.io/${ingressClass}`]
  const container = {
    name: 'controller',
    image: 'registry.k8s.io/ingress-nginx/controller:v1.12.1',
    args: [
      '/nginx-ingress-controller',
      `--configmap=${namespace}/${name}`,
      `--https-port=${port}`,
      `--ingress-class=${ingressClass}`,
      ...scope,
    ],
    ports: [
      { name: 'http', containerPort: 80 },
      { name: 'https', containerPort: port },
    ],
  }
  return {
    metadata: { namespace, name },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      // There is no scheduler: the pods say themselves where they run.
      template: { metadata: { labels }, spec: { nodeName, containers: [container] } },
    },
  }
}

async function create(
  client: KubeClient,
  type: ResourceType,
  object: Draft & Readonly<Record<string, unknown>>,
): Promise<void> {
  try {
    await client.create(type, object)
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
  }
}

/** A few at a time. */
export async function each<T>(items: Iterable<T>, work: (item: T) => Promise<unknown>): Promise<void> {
  const left = items[Symbol.iterator]()
  const worker = async (): Promise<void> => {
    for (let next = left.next(); next.done !== true; next = left.next()) await work(next.value)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
}

function share(total: number, among: number, index: number): number {
  return Math.floor(total / among) + (index < total % among ? 1 : 0)
}

/** How many the ones before this one have together. */
function before(total: number, among: number, index: number): number {
  return Math.floor(total / among) * index + Math.min(index, total % among)
}

function valid(): { readonly notBefore: Date; readonly notAfter: Date } {
  const now = Date.now()
  return { notBefore: new Date(now - 3_600_000), notAfter: new Date(now + 90 * 24 * 3_600_000) }
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const policiesPerNamespace = 10
const nodeCount = 10
const atOnce = 16
const nodeType: ResourceType = { apiVersion: 'v1', kind: 'Node', plural: 'nodes', namespaced: false }
