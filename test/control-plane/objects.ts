/** What the tests of the operator put on an API server: the definition, its rights, and an ingress-nginx to govern. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { TLSPolicyStatus } from '../../src/api/tls-policy-status.ts'
import type { Draft } from '../../src/kube/calls.ts'
import type { KubeClient } from '../../src/kube/client.ts'
import { resources, type KubeObject, type ResourceType } from '../../src/kube/resource.ts'
import { ensureNamespace, eventually, type ControlPlane } from './harness.ts'

/** Where policies, workloads and Ingresses are. */
export const namespace = 'edge'
const root = join(import.meta.dirname, '..', '..')

/** Writes as somebody who is not the operator. */
export async function put(client: KubeClient, type: ResourceType, object: Draft & Readonly<Record<string, unknown>>) {
  return client.apply(type, object, { fieldManager: 'test' })
}

/** All that a policy needs to govern: its definition, the operator's rights, and an ingress-nginx with a sidecar's port. */
export async function putIngressNginx(client: KubeClient, httpsPort: number): Promise<void> {
  const definition = parse(readFileSync(join(root, 'crds', 'tls.chitin.dev_tlspolicies.yaml'), 'utf8')) as Draft
  await client.apply(resources.customResourceDefinitions, definition)
  await eventually('TLSPolicies are served', async () => {
    const listed = await client.list(resources.tlsPolicies).catch(() => undefined)
    return listed !== undefined
  })
  for (const name of [namespace, 'chitin-system']) await ensureNamespace(client, name)
  const controller = 'k8s.io/ingress-nginx'
  await put(client, resources.ingressClasses, { metadata: { name: 'nginx' }, spec: { controller } })
  await put(client, resources.configMaps, { metadata: { namespace, name: 'nginx' }, data: { 'keep-alive': '75' } })
  await put(client, resources.deployments, deployment(httpsPort))
  await grantWhatTheChartGrants(client)
}

/** The operator's service account may do what the chart's roles say, and nothing else. */
async function grantWhatTheChartGrants(client: KubeClient): Promise<void> {
  const subjects = [{ kind: 'ServiceAccount', namespace: 'default', name: 'operator' }]
  const own = { namespace: 'chitin-system', name: 'chitin' }
  await put(client, resources.clusterRoles, { metadata: { name: 'chitin' }, rules: rules('cluster-rules.yaml') })
  const binding = { metadata: { name: 'chitin' }, roleRef: roleRef('ClusterRole'), subjects }
  await put(client, rbac('ClusterRoleBinding', false), binding)
  await put(client, rbac('Role', true), { metadata: own, rules: rules('own-namespace-rules.yaml') })
  await put(client, rbac('RoleBinding', true), { metadata: own, roleRef: roleRef('Role'), subjects })
}

/** Lets a service account do something in a namespace. */
export async function grant(
  client: KubeClient,
  home: string,
  rule: { readonly resources: readonly string[]; readonly verbs: readonly string[] },
  account: { readonly namespace: string; readonly name: string },
): Promise<void> {
  const metadata = { namespace: home, name: 'chitin' }
  await put(client, rbac('Role', true), { metadata, rules: [{ apiGroups: [''], ...rule }] })
  const subjects = [{ kind: 'ServiceAccount', ...account }]
  await put(client, rbac('RoleBinding', true), { metadata, roleRef: roleRef('Role'), subjects })
}

function rules(file: string): unknown {
  return parse(readFileSync(join(root, 'charts', 'chitin', 'files', file), 'utf8'))
}

function roleRef(kind: string) {
  return { apiGroup: 'rbac.authorization.k8s.io', kind, name: 'chitin' }
}

function rbac(kind: string, namespaced: boolean): ResourceType {
  return { apiVersion: 'rbac.authorization.k8s.io/v1', kind, plural: `${kind.toLowerCase()}s`, namespaced }
}

/** For the operator's service account. */
export function operatorKubeconfig(plane: ControlPlane): string {
  const config = JSON.parse(plane.kubeconfig()) as { users: { name: string; user: object }[] }
  return JSON.stringify({ ...config, users: [{ name: config.users[0]?.name, user: { token: plane.token } }] })
}

/** What a policy says of itself. */
export async function status(client: KubeClient, name: string): Promise<TLSPolicyStatus> {
  const found = await client.get<KubeObject & { status?: TLSPolicyStatus }>(resources.tlsPolicies, { namespace, name })
  return found.status ?? {}
}

/** A condition of a policy, as `Status/Reason`. */
export async function condition(client: KubeClient, name: string, type: string): Promise<string | undefined> {
  const found = await client.get<KubeObject & { status?: TLSPolicyStatus }>(resources.tlsPolicies, { namespace, name })
  const held = found.status?.conditions?.find((each) => each.type === type)
  // What was said about an older generation does not count.
  if (held?.observedGeneration !== found.metadata.generation) return undefined
  return `${held?.status}/${held?.reason}`
}

export function policy(
  name: string,
  enforcement: 'Audit' | 'Enforce',
  more: { readonly tls?: object; readonly certificates?: object } = {},
) {
  return {
    metadata: { namespace, name },
    spec: { targetRefs: [{ group: 'apps', kind: 'Deployment', name: 'nginx' }], mode: 'Sidecar', enforcement, ...more },
  }
}

export function ingress(name: string, host: string, secretName: string, annotations: Record<string, string> = {}) {
  const service = { name: 'backend', port: { number: 80 } }
  return {
    metadata: { namespace, name, annotations },
    spec: {
      ingressClassName: 'nginx',
      tls: [{ hosts: [host], secretName }],
      rules: [{ host, http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service } }] } }],
    },
  }
}

function deployment(httpsPort: number) {
  const labels = { app: 'nginx' }
  const container = {
    name: 'controller',
    image: 'registry.k8s.io/ingress-nginx/controller:v1.12.1',
    args: ['/nginx-ingress-controller', `--configmap=${namespace}/nginx`, `--https-port=${httpsPort}`],
    ports: [
      { name: 'http', containerPort: 80 },
      { name: 'https', containerPort: httpsPort },
    ],
  }
  return {
    metadata: { namespace, name: 'nginx' },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container] } },
    },
  }
}
