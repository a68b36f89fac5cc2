/** The MutatingWebhookConfigurations: one narrow entry for each workload that an enforced policy governs. Pure. */
import { sha256 } from '@noble/hashes/sha2.js'
import type { LabelSelector } from '../../api/label-selector.ts'
import { fingerprintAnnotation, sidecarName } from '../../api/names.ts'
import { toHex } from '../../bytes/hex.ts'

export interface WebhookEntry {
  readonly namespace: string
  readonly policy: string
  readonly workload: { readonly kind: string; readonly name: string }
  /** The workload's own selector of its pods: nothing else reaches us. */
  readonly selector: LabelSelector
  /** Pods that carry this already are not sent to us again. */
  readonly fingerprint: string
  readonly failurePolicy: 'Ignore' | 'Fail'
}

/** How the API server reaches the webhook. */
export interface WebhookAddress {
  readonly caBundle: string
  /** In a cluster: our Service. */
  readonly service?: { readonly namespace: string; readonly name: string; readonly port: number }
  /** Outside of one: the address itself. */
  readonly url?: string
  readonly path: string
}

export interface WebhookConfiguration {
  readonly apiVersion: 'admissionregistration.k8s.io/v1'
  readonly kind: 'MutatingWebhookConfiguration'
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> }
  readonly webhooks: readonly { readonly name: string; readonly [field: string]: unknown }[]
}

/** One is enough for most clusters; there are more of them because an object has a size, see configurator.ts. */
export const configurationNames: readonly string[] = [
  'chitin',
  ...Array.from({ length: 31 }, (_, index) => `chitin-${index + 1}`),
]

/** What all of them carry. */
export const configurationLabel = 'app.kubernetes.io/managed-by=chitin'

/** One configuration with these entries, in a fixed order; undefined where there is none to keep. */
export function webhookConfiguration(
  name: string,
  entries: readonly WebhookEntry[],
  address: WebhookAddress,
  ownNamespace: string,
): WebhookConfiguration | undefined {
  const excluded = new Set(['kube-system', ownNamespace])
  const webhooks = entries
    // An empty selector would match every pod of its namespace.
    .filter(({ namespace, selector }) => !excluded.has(namespace) && !isEmpty(selector))
    .map((entry) => webhook(entry, address))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
  if (webhooks.length === 0) return undefined
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name, labels: { 'app.kubernetes.io/managed-by': 'chitin' } },
    webhooks,
  }
}

/** The name of an entry: says in `kubectl describe` whose it is, and is a legal name however long the parts are. */
export function entryName({ namespace, policy, workload }: WebhookEntry): string {
  const name = `${policy}.${namespace}.${workload.kind.toLowerCase()}-${workload.name}${suffix}`
  if (name.length <= 253) return name
  // Whoever chooses the parts must not find two that come to one name: the API server would refuse everybody's entries.
  const hash = toHex(sha256(new TextEncoder().encode(name))).slice(0, 32)
  return `${hash}.${name.slice(name.length - 200).replace(/^[^a-z0-9]+/, '')}`
}

function webhook(entry: WebhookEntry, { caBundle, service, url, path }: WebhookAddress) {
  return {
    name: entryName(entry),
    clientConfig: {
      caBundle: encodeBundle(caBundle),
      ...(url === undefined ? {} : { url: url + path }),
      ...(service === undefined ? {} : { service: { ...service, path } }),
    },
    rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'], scope: 'Namespaced' }],
    namespaceSelector: {
      matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: [entry.namespace] }],
    },
    objectSelector: entry.selector,
    matchConditions: [
      {
        name: 'not-yet-injected',
        expression:
          // The annotation alone is anybody's word: it may have been copied into a pod without a sidecar.
          `!has(object.metadata.annotations) || !('${fingerprintAnnotation}' in object.metadata.annotations)` +
          ` || object.metadata.annotations['${fingerprintAnnotation}'] != '${entry.fingerprint}'` +
          ` || !has(object.spec.initContainers) || !object.spec.initContainers.exists(c, c.name == '${sidecarName}')`,
      },
    ],
    failurePolicy: entry.failurePolicy,
    matchPolicy: 'Equivalent',
    sideEffects: 'None',
    reinvocationPolicy: 'IfNeeded',
    timeoutSeconds: 5,
    admissionReviewVersions: ['v1'],
  }
}

function isEmpty({ matchLabels = {}, matchExpressions = [] }: LabelSelector): boolean {
  return Object.keys(matchLabels).length + matchExpressions.length === 0
}

/** PEM as the API wants it in clientConfig.caBundle. */
export function encodeBundle(pem: string): string {
  return btoa(pem) // PEM is ASCII
}

const suffix = '.inject.tls.chitin.dev'
