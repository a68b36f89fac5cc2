import type { Condition } from './condition.ts'
import { Fields, isObject, type Problem } from './fields.ts'
import type { LabelRequirement, LabelSelector } from './label-selector.ts'
import { group, version } from './names.ts'
import type { ObjectMeta } from './object-meta.ts'
import { parseQuantity } from './quantity.ts'
import {
  duration,
  hour,
  isDnsLabel,
  isDnsSubdomain,
  minute,
  optional,
  refuseDuplicates,
  required,
  second,
  secretRef,
  textItem,
  year,
} from './policy-fields.ts'
import { parseTls, type TlsSpec } from './tls-spec.ts'
import { workloadKinds, type WorkloadKind } from './workload.ts'

/**
 * A TLSPolicy as it comes out of `parseTlsPolicy`: every default filled in, durations in milliseconds. What is still
 * optional here has no default that we could know: nginx's own configuration decides, or nobody does.
 * crds/tls.chitin.dev_tlspolicies.yaml says the same to the API server, and test/samples holds the two together.
 */
export interface TLSPolicy {
  readonly apiVersion: string
  readonly kind: 'TLSPolicy'
  readonly metadata: PolicyMeta
  readonly spec: PolicySpec
  readonly status?: TLSPolicyStatus
}

export interface PolicyMeta extends ObjectMeta {
  readonly name: string
  readonly namespace: string
}

export interface PolicySpec {
  readonly target: Target
  /** The container that is nginx; left out, it is found by its image and command. */
  readonly container?: string
  readonly mode: 'Sidecar' | 'Shim' | 'Auto'
  readonly enforcement: 'Audit' | 'Enforce'
  readonly certificates: CertificatesSpec
  readonly tls: TlsSpec
  readonly http: { readonly hsts: HstsSpec }
  /** Plain nginx only: where its plaintext listener is. */
  readonly backend?: BackendSpec
  readonly rotation: { readonly verify: { readonly timeoutMs: number }; readonly expiryWarningMs: number }
  readonly rollout: { readonly strategy: 'RestartAnnotation' | 'OnDelete'; readonly progressDeadlineMs: number }
  readonly injection: { readonly failurePolicy: 'Ignore' | 'Fail' }
  readonly sidecar: SidecarSpec
}

/** What a policy governs, always within its own namespace. */
export type Target =
  | { readonly by: 'refs'; readonly refs: readonly TargetRef[] }
  /** Pods whose labels match, and the workloads whose pod templates do. */
  | { readonly by: 'selector'; readonly selector: LabelSelector }
  /** The workloads that run the controller of this IngressClass. */
  | { readonly by: 'class'; readonly ingressClassName: string }

export interface TargetRef {
  readonly group: 'apps'
  readonly kind: WorkloadKind
  readonly name: string
}

export interface CertificatesSpec {
  /** Take the Secrets that the Ingresses of the class name in spec.tls. */
  readonly fromIngress: boolean
  /** Explicit hosts; they win over what an Ingress says. Secrets are in the policy's namespace. */
  readonly hosts: readonly {
    readonly hosts: readonly string[]
    readonly secretRefs: readonly { readonly name: string }[]
  }[]
  readonly defaultSecretRef?: { readonly name: string }
  readonly unknownSNI: 'Reject' | 'ServeDefault'
}

/** Each field left out means: as nginx's own configuration says. */
export interface HstsSpec {
  readonly enabled?: boolean
  readonly maxAgeMs?: number
  readonly includeSubDomains?: boolean
  readonly preload?: boolean
}

export interface BackendSpec {
  readonly port: number
  /** How nginx learns the client's address: by a PROXY protocol v2 header, or not at all. */
  readonly clientAddress: 'ProxyProtocol' | 'None'
}

export interface SidecarSpec {
  /** Left out: the image of the operator's own release. */
  readonly image?: string
  readonly resources: {
    readonly requests: Readonly<Record<'cpu' | 'memory', string>>
    readonly limits: { readonly cpu?: string; readonly memory: string }
  }
  readonly drainMs: number
}

export interface TLSPolicyStatus {
  readonly observedGeneration?: number
  readonly conditions?: readonly Condition[]
  readonly summary?: StatusSummary
  readonly targets?: readonly TargetStatus[]
  readonly certificates?: readonly CertificateStatus[]
  /** How many certificates more there are than the list above may hold. */
  readonly certificatesOmitted?: number
  /** Names of policies, `namespace/name`, that this one gives way to. */
  readonly conflictsWith?: readonly string[]
  /** The earliest notAfter of all certificates served. */
  readonly nextExpiry?: string
}

export interface StatusSummary {
  readonly targets: number
  readonly pods: number
  readonly injected: number
  readonly stale: number
  /** `injected/pods`, for the printer column. */
  readonly coverage: string
  /** `verified/certificates`, for the printer column. */
  readonly served: string
}

export interface TargetStatus {
  readonly kind: string
  readonly name: string
  readonly flavour?: string
  readonly desired: number
  readonly injected: number
  readonly ready: number
  /** The fingerprint of the plan that its pods should carry. */
  readonly configHash?: string
  readonly message?: string
}

export interface CertificateStatus {
  readonly host: string
  readonly secret: { readonly namespace: string; readonly name: string; readonly resourceVersion?: string }
  readonly fingerprintSHA256?: string
  readonly served?: readonly { readonly fingerprintSHA256: string; readonly pods: number }[]
  readonly notAfter?: string
  readonly verifiedAt?: string
  readonly heldBack?: { readonly fingerprintSHA256?: string; readonly reason: string; readonly message: string }
}

/** The status lists no more certificates than this; the metrics have them all. */
export const maxCertificatesInStatus = 256

/** Thrown by `parseTlsPolicy`: every problem, each with the field's path, what was found and what was expected. */
export class InvalidPolicyError extends Error {
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super(problems.map(({ path, found, expected }) => `${path}: found ${found}, expected ${expected}`).join('; '))
    this.name = 'InvalidPolicyError'
    this.problems = problems
  }
}

/** Turns what somebody wrote into a complete policy. Throws InvalidPolicyError. */
export function parseTlsPolicy(value: unknown): TLSPolicy {
  const problems: Problem[] = []
  if (!isObject(value))
    throw new InvalidPolicyError([{ path: 'TLSPolicy', found: typeof value, expected: 'an object' }])
  const top = new Fields(value, '', problems)
  const apiVersion = top.take('apiVersion')
  const kind = top.take('kind')
  if (apiVersion !== `${group}/${version}`) top.refuse('apiVersion', apiVersion, `${group}/${version}`)
  if (kind !== 'TLSPolicy') top.refuse('kind', kind, 'TLSPolicy')
  const meta = top.take('metadata')
  const name = isObject(meta) ? meta['name'] : undefined
  if (typeof name !== 'string' || name === '') top.refuse('metadata.name', name, 'a name')
  // The bundle Secret is called chitin-NAME-bundle, and names of objects end at 253 characters.
  if (typeof name === 'string' && name.length > 200) top.refuse('metadata.name', name, 'at most 200 characters')
  if (!top.has('spec')) top.refuse('spec', undefined, 'an object')
  const spec = parseSpec(top.fields('spec'))
  const status = top.take('status')
  top.end()
  if (problems.length > 0) throw new InvalidPolicyError(problems)
  // Status is ours alone to write, and metadata is the API server's: neither is checked a second time here.
  const metadata = { namespace: 'default', ...(meta as ObjectMeta) } as PolicyMeta
  const policy = { apiVersion: `${group}/${version}`, kind: 'TLSPolicy', metadata, spec } as const
  return isObject(status) ? { ...policy, status } : policy
}

function parseSpec(spec: Fields): PolicySpec {
  const parsed = {
    target: parseTarget(spec),
    ...optional('container', spec.text('container', 'the name of a container', isDnsLabel)),
    mode: spec.oneOf('mode', ['Sidecar', 'Shim', 'Auto']) ?? 'Auto',
    enforcement: spec.oneOf('enforcement', ['Audit', 'Enforce']) ?? 'Audit',
    certificates: parseCertificates(spec.fields('certificates')),
    tls: parseTls(spec.fields('tls')),
    http: parseHttp(spec.fields('http')),
    ...optional('backend', spec.has('backend') ? parseBackend(spec.fields('backend')) : undefined),
    rotation: parseRotation(spec.fields('rotation')),
    rollout: parseRollout(spec.fields('rollout')),
    injection: parseInjection(spec.fields('injection')),
    sidecar: parseSidecar(spec.fields('sidecar')),
  } satisfies PolicySpec
  spec.end()
  return parsed
}

function parseTarget(spec: Fields): Target {
  const given = ['targetRefs', 'selector', 'ingressClassName'].filter((name) => spec.has(name))
  if (given.length !== 1) {
    const found = given.length === 0 ? undefined : given.join(' and ')
    spec.refuse(spec.path, found, 'exactly one of targetRefs, selector, ingressClassName')
  }
  const refs = spec.list('targetRefs', 1, 16, (item, path) => parseTargetRef(new Fields(item, path, spec.problems)))
  const selector = spec.has('selector') ? parseSelector(spec.fields('selector')) : undefined
  const ingressClassName = spec.text('ingressClassName', 'the name of an IngressClass', isDnsSubdomain)
  if (refs !== undefined) {
    refuseDuplicates(
      spec,
      spec.at('targetRefs'),
      refs.map((ref) => `${ref.kind}/${ref.name}`),
    )
    return { by: 'refs', refs }
  }
  if (selector !== undefined) return { by: 'selector', selector }
  return { by: 'class', ingressClassName: ingressClassName ?? '' }
}

function parseTargetRef(ref: Fields): TargetRef {
  const parsed = {
    group: ref.oneOf('group', ['apps']) ?? 'apps',
    kind: ref.oneOf('kind', workloadKinds) ?? 'Deployment',
    name: required(ref, 'name', ref.text('name', 'the name of a workload', isDnsSubdomain)),
  } as const
  ref.end()
  return parsed
}

function parseSelector(from: Fields): LabelSelector {
  const labels = from.take('matchLabels')
  if (labels !== undefined && !isStringMap(labels)) from.refuse(from.at('matchLabels'), labels, 'a map of strings')
  const matchLabels = isStringMap(labels) ? labels : undefined
  const expressions = from.list('matchExpressions', 0, 16, (item, path) =>
    parseRequirement(new Fields(item, path, from.problems)),
  )
  from.end()
  if (Object.keys(matchLabels ?? {}).length + (expressions?.length ?? 0) === 0)
    from.refuse(from.path, undefined, 'at least one label or expression: an empty selector would match every pod')
  return { ...optional('matchLabels', matchLabels), ...optional('matchExpressions', expressions) }
}

function parseRequirement(from: Fields): LabelRequirement {
  const key = required(
    from,
    'key',
    from.text('key', 'a label key', (text) => text !== ''),
  )
  const operator = from.oneOf('operator', ['In', 'NotIn', 'Exists', 'DoesNotExist'])
  if (!from.has('operator')) from.refuse(from.at('operator'), undefined, 'In or NotIn or Exists or DoesNotExist')
  const values = from.list('values', 0, 64, (item, path) => textItem(from, item, path, 'a label value', () => true))
  from.end()
  const wantsValues = operator === 'In' || operator === 'NotIn'
  if (operator !== undefined && wantsValues !== (values?.length ?? 0) > 0) {
    from.refuse(from.at('values'), values, wantsValues ? `values, for operator ${operator}` : 'none for this operator')
  }
  return { key, operator: operator ?? 'Exists', ...optional('values', values) }
}

function parseCertificates(from: Fields): CertificatesSpec {
  const hosts = from.list('hosts', 0, 256, (item, path) => parseHost(new Fields(item, path, from.problems))) ?? []
  refuseDuplicates(
    from,
    from.at('hosts'),
    hosts.flatMap((entry) => entry.hosts),
  )
  const parsed = {
    fromIngress: from.boolean('fromIngress') ?? true,
    hosts,
    ...optional('defaultSecretRef', secretRef(from, 'defaultSecretRef')),
    unknownSNI: from.oneOf('unknownSNI', ['Reject', 'ServeDefault']) ?? 'Reject',
  } as const
  from.end()
  return parsed
}

function parseHost(from: Fields): CertificatesSpec['hosts'][number] {
  const hosts = from.list('hosts', 1, 64, (item, path) => textItem(from, item, path, hostExpected, isHostPattern))
  const secretRefs = from.list('secretRefs', 1, 3, (item, path) => {
    const ref = new Fields(item, path, from.problems)
    const name = required(ref, 'name', ref.text('name', 'the name of a Secret', isDnsSubdomain))
    ref.end()
    return { name }
  })
  if (!from.has('hosts')) from.refuse(from.at('hosts'), undefined, 'a list of 1 to 64')
  if (!from.has('secretRefs')) from.refuse(from.at('secretRefs'), undefined, 'a list of 1 to 3')
  const names = (secretRefs ?? []).map(({ name }) => name)
  refuseDuplicates(from, from.at('secretRefs'), names)
  from.end()
  return { hosts: hosts ?? [], secretRefs: secretRefs ?? [] }
}

function parseHttp(from: Fields): PolicySpec['http'] {
  const hsts = from.fields('hsts')
  const parsed: HstsSpec = {
    ...optional('enabled', hsts.boolean('enabled')),
    ...optional('maxAgeMs', duration(hsts, 'maxAge', 0, 10 * year)),
    ...optional('includeSubDomains', hsts.boolean('includeSubDomains')),
    ...optional('preload', hsts.boolean('preload')),
  }
  // What hstspreload.org asks of a site; it is hard to take back, so a half-finished wish is refused.
  if (parsed.preload === true && !(parsed.includeSubDomains === true && (parsed.maxAgeMs ?? 0) >= year))
    hsts.refuse(hsts.at('preload'), true, 'includeSubDomains: true and a maxAge of at least 8760h beside it')
  hsts.end()
  from.end()
  return { hsts: parsed }
}

function parseBackend(from: Fields): BackendSpec {
  const port = from.integer('port', 1, 65535)
  if (!from.has('port')) from.refuse(from.at('port'), undefined, 'a whole number from 1 to 65535')
  const clientAddress = from.oneOf('clientAddress', ['ProxyProtocol', 'None']) ?? 'ProxyProtocol'
  from.end()
  return { port: port ?? 0, clientAddress }
}

function parseRotation(from: Fields): PolicySpec['rotation'] {
  const verify = from.fields('verify')
  const timeoutMs = duration(verify, 'timeout', second, 5 * minute) ?? 10 * second
  verify.end()
  const expiryWarningMs = duration(from, 'expiryWarning', 0, year) ?? 21 * 24 * hour
  from.end()
  return { verify: { timeoutMs }, expiryWarningMs }
}

function parseRollout(from: Fields): PolicySpec['rollout'] {
  const strategy = from.oneOf('strategy', ['RestartAnnotation', 'OnDelete']) ?? 'RestartAnnotation'
  const progressDeadlineMs = duration(from, 'progressDeadline', 10 * second, 24 * hour) ?? 10 * minute
  from.end()
  return { strategy, progressDeadlineMs }
}

function parseInjection(from: Fields): PolicySpec['injection'] {
  const failurePolicy = from.oneOf('failurePolicy', ['Ignore', 'Fail']) ?? 'Ignore'
  from.end()
  return { failurePolicy }
}

function parseSidecar(from: Fields): SidecarSpec {
  const image = from.text('image', 'an image reference of at most 512 characters', isImage)
  const resources = from.fields('resources')
  const requests = parseAmounts(resources.fields('requests'))
  const limits = parseAmounts(resources.fields('limits'))
  resources.end()
  const drainMs = duration(from, 'drain', 0, 10 * minute) ?? 30 * second
  from.end()

  const request = {
    cpu: requests.cpu ?? smaller('100m', limits.cpu),
    memory: requests.memory ?? smaller('96Mi', limits.memory),
  }
  // A request above the limit makes a pod that nobody can create.
  for (const name of ['cpu', 'memory'] as const) {
    const limit = limits[name]
    if (limit !== undefined && amount(request[name]) > amount(limit))
      from.refuse(`${from.path}.resources.limits.${name}`, limit, `at least the request, ${request[name]}`)
  }
  const memory = limits.memory ?? (amount(request.memory) > amount('256Mi') ? request.memory : '256Mi')
  return {
    ...optional('image', image),
    resources: { requests: request, limits: { ...optional('cpu', limits.cpu), memory } },
    drainMs,
  }
}

function parseAmounts(from: Fields): { readonly cpu?: string; readonly memory?: string } {
  const read = (name: string): string | undefined => {
    const value = from.take(name)
    const text = typeof value === 'number' ? String(value) : value
    if (text === undefined) return undefined
    if (typeof text === 'string' && (parseQuantity(text) ?? 0) > 0) return text
    from.refuse(from.at(name), value, 'a quantity above zero, such as 100m or 96Mi')
    return undefined
  }
  const parsed = { ...optional('cpu', read('cpu')), ...optional('memory', read('memory')) }
  from.end()
  return parsed
}

function amount(quantity: string): number {
  return parseQuantity(quantity) ?? 0
}

/** A default request, unless the limit that the user set is below it. */
function smaller(fallback: string, limit: string | undefined): string {
  return limit !== undefined && amount(limit) < amount(fallback) ? limit : fallback
}

function isStringMap(value: unknown): value is Readonly<Record<string, string>> {
  return isObject(value) && Object.values(value).every((item) => typeof item === 'string')
}

function isHostPattern(text: string): boolean {
  return isDnsSubdomain(text.startsWith('*.') ? text.slice(2) : text)
}

function isImage(text: string): boolean {
  return text.length <= 512 && /^[^\s]+$/.test(text)
}

const hostExpected = 'a DNS name in lower case, or *. and one'
