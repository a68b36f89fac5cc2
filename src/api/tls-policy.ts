import { parseCertificates, type CertificatesSpec } from './certificates-spec.ts'
import { Fields, isObject, type Problem } from './fields.ts'
import { group, version } from './names.ts'
import type { ObjectMeta } from './object-meta.ts'
import { duration, hour, isDnsLabel, minute, optional, second, year } from './policy-fields.ts'
import { parseTarget, type Target } from './policy-target.ts'
import { parseSidecar, type SidecarSpec } from './sidecar-spec.ts'
import type { TLSPolicyStatus } from './tls-policy-status.ts'
import { parseTls, type TlsSpec } from './tls-spec.ts'

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
