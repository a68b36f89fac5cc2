import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseTlsPolicy } from '../../../src/api/tls-policy.ts'
import type { TLSPolicyStatus } from '../../../src/api/tls-policy-status.ts'
import type { Workload } from '../../../src/api/workload.ts'
import { answerKey, type Answer } from '../../../src/controller/certificates/rollout.ts'
import { questionsOf } from '../../../src/controller/tls-policy/asking.ts'
import { decide } from '../../../src/controller/tls-policy/decide.ts'
import type { Decision } from '../../../src/controller/tls-policy/decision.ts'
import type { Certificates, Seen, Target } from '../../../src/controller/tls-policy/seen.ts'
import type { Live, RawPolicy } from '../../../src/controller/world.ts'

const now = new Date('2026-11-24T12:00:00Z')
const fingerprint = 'f00dfeed'
const leaf = 'ab'.repeat(32)

const none: Certificates = { data: {}, status: [], expectations: [], missing: [], fallbackMissing: false }
const some: Certificates = {
  generation: 'g1',
  data: { 'bundle.json': 'e30=' },
  status: [
    {
      host: 'shop.example.com',
      secret: { namespace: 'edge', name: 'shop-tls', resourceVersion: '7' },
      fingerprintSHA256: leaf,
      notAfter: '2027-03-01T00:00:00Z',
    },
  ],
  expectations: [{ host: 'shop.example.com', keyType: 'ecdsa', fingerprint: leaf }],
  missing: [],
  fallbackMissing: false,
}

test('Audit writes nothing at all, and says what it would do', () => {
  const decision = decide(seen({ enforcement: 'Audit' }), now)
  assert.deepEqual([decision.writes, decision.entries, decision.afterwards], [[], [], []])
  assert.deepEqual(said(decision, 'Programmed'), ['False', 'Audit'])
  assert.deepEqual(said(decision, 'Ready'), ['True', 'Audit'])
  assert.match(message(decision, 'Programmed'), /would put the sidecar into 1 pod of Deployment nginx; .*1 host/)
})

test('Enforce first makes the bundle, the derived ConfigMap and the finalizer', () => {
  const decision = decide(seen({ finalizers: [], derived: true }), now)
  assert.deepEqual(
    decision.writes.map((write) => write.do),
    ['add-finalizer', 'apply-bundle', 'apply-derived'],
  )
  assert.equal(decision.entries?.[0]?.fingerprint, fingerprint)
  assert.deepEqual(decision.entries?.[0]?.selector, { matchLabels: { app: 'nginx' } })
})

describe('nothing is rolled', () => {
  const cases: Readonly<Record<string, Seen>> = {
    'before the API server has the entries': seen({ webhook: { answers: true } }),
    'right after the API server was given the entries': seen({
      webhook: { answers: true, since: now.getTime() - 1000 },
    }),
    'while our own webhook does not answer': seen({ webhook: { answers: false, since: 0 } }),
    'before there is a certificate': seen({ certificates: none }),
    'where the policy says OnDelete': seen({ spec: { rollout: { strategy: 'OnDelete' } } }),
    'while the workload is still being rolled': seen({ rolled: fingerprint }),
    'where every pod is as it should be already': seen({ pods: [pod('a')] }),
  }
  for (const [name, sight] of Object.entries(cases)) {
    test(name, () => assert.deepEqual(rolls(decide(sight, now)), []))
  }
})

test('rolls once the webhook is settled, by the fingerprint of the plan', () => {
  assert.deepEqual(rolls(decide(seen({}), now)), [['nginx', fingerprint]])
  assert.deepEqual(said(decide(seen({}), now), 'Programmed'), ['False', 'RollingOut'])
  assert.deepEqual(said(decide(seen({}), now), 'Reconciling'), ['True', 'RollingOut'])
})

test('one workload at a time', () => {
  const two = seen({})
  const other = { ...two.targets[0], workload: workload({ name: 'other' }) } as Target
  assert.equal(rolls(decide({ ...two, targets: [...two.targets, other] }, now)).length, 1)
  const rolling = { ...other, workload: workload({ name: 'other', rolled: fingerprint }) } as Target
  assert.equal(rolls(decide({ ...two, targets: [...two.targets, rolling] }, now)).length, 0)
})

test('a pod that slipped past the webhook is replaced, but not for ever', () => {
  assert.deepEqual(rolls(decide(slipped(fingerprint), now)), [['nginx', `${fingerprint}-1`]])
  assert.deepEqual(rolls(decide(slipped(`${fingerprint}-1`), now)), [['nginx', `${fingerprint}-2`]])
  assert.deepEqual(rolls(decide(slipped(`${fingerprint}-2`), now)), [])
  assert.deepEqual(said(decide(slipped(`${fingerprint}-2`), now), 'Programmed'), ['False', 'PartiallyProgrammed'])
})

test('a roll-out that takes too long is said to, and stays said until it ends', () => {
  const early = decide(seen({ rolled: fingerprint }), now)
  const late = new Date(now.getTime() + 601_000)
  const said1 = decide(seen({ rolled: fingerprint, status: early.status }), late)
  assert.deepEqual(said(said1, 'Programmed'), ['False', 'ProgressDeadlineExceeded'])
  assert.deepEqual(said(said1, 'Stalled'), ['True', 'ProgressDeadlineExceeded'])
  const said2 = decide(seen({ rolled: fingerprint, status: said1.status }), new Date(late.getTime() + 5000))
  assert.deepEqual(said(said2, 'Programmed'), ['False', 'ProgressDeadlineExceeded'])
  assert.deepEqual(said2.events, [])
})

test('each pod is told of a new bundle, and only once', () => {
  const told = seen({ pods: [pod('a', { generation: 'old' }), pod('b')] })
  assert.deepEqual(
    decide(told, now).writes.flatMap((write) => (write.do === 'announce' ? [[write.pod, write.generation]] : [])),
    [['a', 'g1']],
  )
})

test('a pod that goes on showing an old certificate is touched again, a few times', () => {
  const stale = seen({ pods: [pod('a')], inPlace: true })
  const answers = answersOf(stale, 'cd'.repeat(32))
  const nudges = (since: number, nudge?: string): (string | undefined)[] => {
    const [first] = stale.targets
    const touched = pod('a', nudge === undefined ? {} : { nudge })
    const target = { ...first, pods: [touched] } as Target
    const generationSince = new Map([['uid-a', now.getTime() - since]])
    const sight = { ...stale, targets: [target], injected: [touched], answers, generationSince }
    return decide(sight, now).writes.flatMap((write) => (write.do === 'announce' ? [write.nudge] : []))
  }
  assert.deepEqual(nudges(1000), [])
  assert.deepEqual(nudges(2000), ['g1.1'])
  assert.deepEqual(nudges(2000, 'g1.1'), [])
  assert.deepEqual(nudges(4000, 'g1.1'), ['g1.2'])
  assert.deepEqual(nudges(2000, 'g0.3'), ['g1.1'])
  assert.deepEqual(nudges(60_000, 'g1.3'), [])
})

test('Ready once all pods were seen to serve the right certificate', () => {
  const before = seen({ pods: [pod('a')], inPlace: true })
  assert.deepEqual(said(decide(before, now), 'Ready'), ['False', 'VerificationPending'])
  const after = decide({ ...before, answers: answersOf(before, leaf) }, now)
  assert.deepEqual(said(after, 'Ready'), ['True', 'Ready'])
  assert.deepEqual(said(after, 'Reconciling')[0], 'False')
  assert.equal(after.status?.summary?.served, '1/1')
  assert.equal(after.status?.summary?.coverage, '1/1')
  assert.deepEqual(after.status?.certificates?.[0]?.served, [{ fingerprintSHA256: leaf, pods: 1 }])
  assert.equal(after.status?.nextExpiry, '2027-03-01T00:00:00Z')
  assert.ok(after.events.some(({ reason }) => reason === 'CertificateRotated'))
})

test('a second look at the same thing has nothing to write and nothing to say', () => {
  const before = seen({ pods: [pod('a')], inPlace: true })
  const first = decide({ ...before, answers: answersOf(before, leaf) }, now)
  const again = { ...before, answers: answersOf(before, leaf), raw: { ...before.raw, status: first.status } }
  const second = decide(again, new Date(now.getTime() + 60_000))
  assert.deepEqual([second.writes, second.afterwards, second.events], [[], [], []])
  assert.deepEqual(second.status, first.status)
})

test('only pods that were told of the present bundle are asked', () => {
  const two = seen({ pods: [pod('a'), pod('b', { generation: 'old' })] })
  assert.deepEqual(
    questionsOf(two).askable.map((question) => question.pod.name),
    ['a'],
  )
  assert.equal(questionsOf(two).all.length, 2)
})

test('a wrong certificate is named after the time-out, and makes the policy not ready', () => {
  const before = seen({ pods: [pod('a')], inPlace: true })
  const decision = decide({ ...before, answers: answersOf(before, 'cd'.repeat(32)) }, now)
  assert.deepEqual(said(decision, 'ServedVerified'), ['False', 'ServedMismatch'])
  assert.deepEqual(said(decision, 'Ready'), ['False', 'ServedMismatch'])
  assert.ok(decision.events.some(({ type, reason }) => type === 'Warning' && reason === 'ServedMismatch'))
})

test('a pod that has not been told of the new bundle is not at fault for showing the old certificate', () => {
  const before = seen({ pods: [pod('a', { generation: 'old' })] })
  const decision = decide({ ...before, answers: answersOf(before, 'cd'.repeat(32)) }, now)
  assert.deepEqual(said(decision, 'ServedVerified'), ['Unknown', 'VerificationPending'])
  assert.ok(!decision.events.some(({ type }) => type === 'Warning'))
})

test('a Secret that can not be served is held back with its reason, while the rest goes on', () => {
  const heldBack = { reason: 'KeyMismatch', message: 'the key is another one' }
  const certificates = { ...some, status: some.status.map((one) => ({ ...one, heldBack })) }
  const before = seen({ pods: [pod('a')], inPlace: true, certificates })
  const decision = decide({ ...before, answers: answersOf(before, leaf) }, now)
  assert.deepEqual(said(decision, 'CertificatesValid'), ['False', 'KeyMismatch'])
  assert.deepEqual(said(decision, 'Ready'), ['False', 'CertificateHeldBack'])
  assert.deepEqual(said(decision, 'Programmed'), ['True', 'Programmed'])
  assert.match(
    message(decision, 'CertificatesValid'),
    /shop\.example\.com: Secret edge\/shop-tls: the key is another one/,
  )
})

test('a bundle that a Secret can not hold is said before any single certificate, and the present one stays', () => {
  const heldBack = { reason: 'KeyMismatch', message: 'the key is another one' }
  const problem = { reason: 'BundleTooLarge', message: 'the bundle of 9000 hosts is too large' } as const
  const status = some.status.map((one) => ({ ...one, heldBack }))
  const certificates = { ...some, status, expectations: [], data: {}, problem }
  const decision = decide(seen({ pods: [pod('a')], inPlace: true, certificates }), now)
  assert.deepEqual(said(decision, 'CertificatesValid'), ['False', 'BundleTooLarge'])
  assert.deepEqual(said(decision, 'Ready'), ['False', 'BundleTooLarge'])
  assert.deepEqual(decision.writes, [])
  assert.ok(decision.events.some(({ type, reason }) => type === 'Warning' && reason === 'BundleTooLarge'))
})

test('a certificate that ends soon is said to, and does no more harm than that', () => {
  const certificates = { ...some, status: some.status.map((one) => ({ ...one, notAfter: '2026-11-30T00:00:00Z' })) }
  const before = seen({ pods: [pod('a')], inPlace: true, certificates })
  const decision = decide({ ...before, answers: answersOf(before, leaf) }, now)
  assert.deepEqual(said(decision, 'CertificatesValid'), ['False', 'ExpiringSoon'])
  assert.deepEqual(said(decision, 'Ready'), ['True', 'Ready'])
})

test('a Secret that is not there yet is named', () => {
  const certificates = { ...some, missing: [{ namespace: 'edge', name: 'new-tls' }] }
  assert.deepEqual(said(decide(seen({ certificates }), now), 'ResolvedRefs'), ['False', 'SecretNotFound'])
  assert.match(message(decide(seen({ certificates }), now), 'ResolvedRefs'), /edge\/new-tls/)
})

describe('a policy that can not be honoured', () => {
  test('says why, and changes nothing', () => {
    const decision = decide(refused('UnsupportedFeature', []), now)
    assert.deepEqual(said(decision, 'Accepted'), ['False', 'UnsupportedFeature'])
    assert.deepEqual(said(decision, 'Ready'), ['False', 'UnsupportedFeature'])
    assert.deepEqual(said(decision, 'Stalled'), ['True', 'UnsupportedFeature'])
    assert.deepEqual([decision.writes, decision.entries, decision.afterwards], [[], [], []])
  })

  test('keeps in force what already is, and goes on renewing its certificates', () => {
    const decision = decide(refused('UnsupportedFeature', ['tls.chitin.dev/restore']), now)
    assert.equal(decision.entries, undefined)
    assert.deepEqual(
      decision.writes.map((write) => write.do),
      ['apply-bundle'],
    )
    assert.deepEqual(decision.afterwards, [])
  })

  test('guards in nginx what hosts ask of their clients, where the sidecar is in force and only there', () => {
    assert.deepEqual(guarded(['tls.chitin.dev/restore'], false), ['apply-bundle', 'apply-derived'])
    assert.deepEqual(guarded(['tls.chitin.dev/restore'], true), ['apply-bundle'])
    assert.deepEqual(guarded([], false), [])
  })

  test('lets go of everything where an older policy governs', () => {
    const decision = decide(refused('Conflicted', ['tls.chitin.dev/restore']), now)
    assert.deepEqual(decision.entries, [])
    assert.deepEqual(
      decision.afterwards.map((write) => write.do),
      ['remove-finalizer', 'delete-bundle'],
    )
    const mounted = { ...refused('Conflicted', []), injected: seen({ pods: [pod('a')] }).injected }
    assert.deepEqual(decide(mounted, now).afterwards, [], 'pods of ours still mount the bundle')
  })
})

describe('a policy that is deleted', () => {
  test('first loses its entries, then rolls its workloads back, and waits', () => {
    const decision = decide(deleting(), now)
    assert.deepEqual(decision.entries, [])
    assert.deepEqual(decision.writes, [])
    assert.deepEqual(rolls(decision), [['nginx', undefined]])
    assert.ok(!decision.afterwards.some((write) => write.do === 'remove-finalizer'))
    assert.deepEqual(said(decision, 'Programmed'), ['False', 'Restoring'])
  })

  test('goes when no pod carries the sidecar any more', () => {
    const decision = decide(deleting({ rolled: undefined, pods: [pod('b', { injected: false })] }), now)
    assert.deepEqual(
      decision.afterwards.map((write) => write.do),
      ['delete-bundle', 'remove-finalizer'],
    )
    assert.deepEqual(decision.events, [])
  })

  test('does not wait longer than the deadline, nor where it is told not to, nor without a workload', () => {
    const cases = [
      deleting({ deleted: '2026-11-24T11:00:00Z' }),
      deleting({ annotations: { 'tls.chitin.dev/force-delete': 'true' } }),
      deleting({ spec: { rollout: { strategy: 'OnDelete' } } }),
      { ...deleting(), targets: [] },
    ]
    for (const sight of cases) {
      const decision = decide(sight, now)
      assert.equal(decision.afterwards.at(-1)?.do, 'remove-finalizer')
      assert.match(decision.events[0]?.note ?? '', /1 pod still carry the sidecar/)
      // What the pod still mounts must not go with the policy.
      assert.ok(decision.afterwards.some((write) => write.do === 'keep-bundle'))
      assert.ok(!decision.afterwards.some((write) => write.do === 'delete-bundle'))
    }
  })

  test('is left alone once our finalizer is gone', () => {
    const decision = decide(deleting({ finalizers: [] }), now)
    assert.equal(decision.status, undefined)
    assert.deepEqual([decision.writes, decision.afterwards], [[], []])
  })
})

test('back to Audit restores the pods too', () => {
  const decision = decide(
    seen({ enforcement: 'Audit', finalizers: ['tls.chitin.dev/restore'], rolled: fingerprint, pods: [pod('a')] }),
    now,
  )
  assert.deepEqual(rolls(decision), [['nginx', undefined]])
  assert.deepEqual(said(decision, 'Programmed'), ['False', 'Restoring'])
})

// What the tests are made of.

function slipped(value: string): Seen {
  return seen({ rolled: value, settled: true, pods: [pod('a', { injected: false, rolled: value })] })
}

function refused(reason: 'UnsupportedFeature' | 'Conflicted', finalizers: readonly string[]): Seen {
  return {
    ...seen({ finalizers }),
    refusal: { reason, message: 'Ingress shop/web asks for ssl-passthrough', conflictsWith: [] },
  }
}

/** What is written for a refused policy whose nginx has something to guard. */
function guarded(finalizers: readonly string[], derivedInPlace: boolean): string[] {
  const before = refused('UnsupportedFeature', finalizers)
  const derived = { data: { 'server-snippet': 'guard' } }
  const decision = decide({ ...before, derived, own: { ...before.own, derivedInPlace } }, now)
  return decision.writes.map((write) => write.do)
}

function deleting(more: Partial<Parameters<typeof seen>[0]> = {}): Seen {
  return seen({ deleted: '2026-11-24T11:59:00Z', rolled: fingerprint, pods: [pod('a')], inPlace: true, ...more })
}

function seen({
  enforcement = 'Enforce',
  spec = {},
  finalizers = enforcement === 'Enforce' ? ['tls.chitin.dev/restore'] : [],
  annotations = {},
  deleted,
  status,
  pods = [pod('a', { injected: false })],
  rolled,
  settled = false,
  certificates = some,
  derived = false,
  inPlace = false,
  webhook = { answers: true, since: 0 },
}: {
  readonly enforcement?: 'Audit' | 'Enforce'
  readonly spec?: Readonly<Record<string, unknown>>
  readonly finalizers?: readonly string[]
  readonly annotations?: Readonly<Record<string, string>>
  readonly deleted?: string
  readonly status?: TLSPolicyStatus | undefined
  readonly pods?: readonly ReturnType<typeof pod>[]
  readonly rolled?: string | undefined
  readonly settled?: boolean
  readonly certificates?: Certificates
  readonly derived?: boolean
  readonly inPlace?: boolean
  readonly webhook?: Seen['webhook']
}): Seen {
  const raw: RawPolicy = {
    apiVersion: 'tls.chitin.dev/v1alpha1',
    kind: 'TLSPolicy',
    metadata: {
      name: 'edge',
      namespace: 'edge',
      uid: 'u1',
      generation: 1,
      finalizers,
      annotations,
      ...(deleted === undefined ? {} : { deletionTimestamp: deleted }),
    },
    spec: { targetRefs: [{ name: 'nginx' }], enforcement, ...spec },
    ...(status === undefined ? {} : { status }),
  }
  return {
    raw,
    policy: parseTlsPolicy(raw),
    targets: [
      {
        workload: workload({ name: 'nginx', rolled, settled }),
        pods,
        flavour: 'ingress-nginx',
        plan: { fingerprint, tlsPort: 443, proxyProtocol: false, summary: [] },
      },
    ],
    missingTargets: [],
    abandoned: [],
    injected: pods.filter(({ metadata }) => metadata.annotations['tls.chitin.dev/fingerprint'] !== undefined),
    certificates,
    own: { bundle: true, bundleInPlace: inPlace, derived: false, derivedInPlace: inPlace },
    ...(derived ? { derived: { data: { 'bind-address': '127.0.0.1' } } } : {}),
    webhook,
    answers: new Map(),
    generationSince: new Map(pods.map(({ metadata }) => [metadata.uid, 0])),
  }
}

function workload({
  name,
  rolled,
  settled = false,
}: {
  readonly name: string
  readonly rolled?: string | undefined
  readonly settled?: boolean
}): Live<Workload> {
  const annotations = rolled === undefined ? {} : { 'tls.chitin.dev/rollout': rolled }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'edge', uid: `uid-${name}`, generation: 2 },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'nginx' } },
      template: { metadata: { labels: { app: 'nginx' }, annotations }, spec: { containers: [] } },
    },
    status: {
      observedGeneration: settled ? 2 : 1,
      replicas: 1,
      readyReplicas: 1,
      updatedReplicas: settled ? 1 : 0,
    },
  }
}

function pod(
  name: string,
  {
    injected = true,
    generation = 'g1',
    rolled,
    nudge,
  }: {
    readonly injected?: boolean
    readonly generation?: string
    readonly rolled?: string
    readonly nudge?: string
  } = {},
) {
  return {
    metadata: {
      name,
      namespace: 'edge',
      uid: `uid-${name}`,
      annotations: {
        ...(injected
          ? { 'tls.chitin.dev/fingerprint': fingerprint, 'tls.chitin.dev/bundle-generation': generation }
          : {}),
        ...(rolled === undefined ? {} : { 'tls.chitin.dev/rollout': rolled }),
        ...(nudge === undefined ? {} : { 'tls.chitin.dev/nudge': nudge }),
      } as Record<string, string>,
    },
    spec: { containers: [] },
    status: { podIP: '10.0.0.9', conditions: [{ type: 'Ready', status: 'True' }] },
  }
}

function answersOf(sight: Seen, fingerprint: string): Map<string, Answer> {
  return new Map(questionsOf(sight).all.map((question) => [answerKey(question), { at: now.getTime(), fingerprint }]))
}

function said(decision: Decision, type: string): (string | undefined)[] {
  const found = decision.status?.conditions?.find((condition) => condition.type === type)
  return [found?.status, found?.reason]
}

function message(decision: Decision, type: string): string {
  return decision.status?.conditions?.find((condition) => condition.type === type)?.message ?? ''
}

function rolls(decision: Decision): [string, string | undefined][] {
  return decision.afterwards.flatMap((write) =>
    write.do === 'roll' ? [[write.workload.metadata.name, write.value] as [string, string | undefined]] : [],
  )
}
