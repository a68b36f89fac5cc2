import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AdmissionReview, PatchOperation } from '../../src/api/admission.ts'
import type { Lookup } from '../../src/webhook/lookup.ts'
import { mutatePodPath, route, type Response } from '../../src/webhook/routes.ts'
import { applyPatch } from '../support/json-patch.ts'
import { ingressNginxPlan, ingressNginxPod } from '../support/pods.ts'

const lookup: Lookup = async (_pod, namespace) =>
  namespace === 'ingress-nginx'
    ? { do: 'inject', plan: ingressNginxPlan() }
    : { do: 'leave', reason: 'NotSelected', message: '' }

test('answers a review with the same uid and a patch', async () => {
  const { status, body, admission } = await post(review({}))
  assert.equal(status, 200)
  const { response } = JSON.parse(body) as AdmissionReview
  assert.equal(response?.uid, 'u1')
  assert.equal(response.allowed, true)
  assert.equal(response.patchType, 'JSONPatch')
  const patch = JSON.parse(Buffer.from(response.patch ?? '', 'base64').toString()) as PatchOperation[]
  const patched = applyPatch(ingressNginxPod(), patch) as ReturnType<typeof ingressNginxPod>
  assert.equal(patched.spec.initContainers?.[0]?.name, 'chitin')
  assert.deepEqual(admission, {
    pod: 'ingress-nginx/ingress-nginx-controller-1',
    dryRun: false,
    reason: 'Injected',
    policy: 'ingress-nginx/edge',
  })
})

test('the namespace is that of the request: the pod need not carry one', async () => {
  const { response } = JSON.parse((await post(review({ namespace: 'other' }))).body) as AdmissionReview
  assert.equal(response?.patch, undefined)
  assert.deepEqual(response?.auditAnnotations, { reason: 'NotSelected' })
})

test('a dry run is answered alike, and said to be one', async () => {
  const dry = await post(review({ dryRun: true }))
  assert.equal(dry.admission?.dryRun, true)
  assert.equal(dry.body, (await post(review({}))).body)
})

test('what is no new pod passes', async () => {
  for (const change of [
    { operation: 'UPDATE' },
    { kind: { group: 'apps', version: 'v1', kind: 'Deployment' } },
    { kind: { group: 'example.com', version: 'v1', kind: 'Pod' } },
  ]) {
    const { response } = JSON.parse((await post(review(change))).body) as AdmissionReview
    assert.equal(response?.allowed, true)
    assert.equal(response.patch, undefined)
  }
})

test('what is no review gets 400, and is told what was expected', async () => {
  const bad: readonly unknown[] = [
    null,
    [],
    {},
    { apiVersion: 'admission.k8s.io/v1beta1', kind: 'AdmissionReview' },
    { ...review({}), apiVersion: 'admission.k8s.io/v1beta1' },
    { ...review({}), kind: 'ConversionReview' },
    { ...review({}), request: undefined },
    review({ uid: undefined }),
    review({ operation: 'GUESS' }),
    review({ kind: 'Pod' }),
    review({ object: undefined }),
    review({ object: { metadata: {}, spec: {} } }),
    review({ object: { metadata: {}, spec: { containers: [null] } } }),
  ]
  for (const value of bad) {
    const { status, body } = await post(value)
    assert.equal(status, 400)
    assert.match(body, /found .*, expected /)
  }
  const { status } = await route({ method: 'POST', path: mutatePodPath, body: '{"apiVersion":' }, lookup)
  assert.equal(status, 400)
})

test('where the answer is not known it is thrown, for failurePolicy to decide', async () => {
  const request = { method: 'POST', path: mutatePodPath, body: JSON.stringify(review({})) }
  await assert.rejects(route(request, unready), /not filled/)
})

test('other paths and methods', async () => {
  assert.equal(await status('GET', '/livez'), 200)
  assert.equal(await status('GET', mutatePodPath), 405)
  assert.equal(await status('POST', '/'), 404)
})

async function post(value: unknown): Promise<Response> {
  return route({ method: 'POST', path: mutatePodPath, body: JSON.stringify(value) }, lookup)
}

function review(change: object): object {
  const request = {
    uid: 'u1',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    namespace: 'ingress-nginx',
    operation: 'CREATE',
    object: ingressNginxPod(),
    ...change,
  }
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request }
}

async function unready(): Promise<never> {
  throw new Error('caches are not filled yet')
}

async function status(method: string, path: string): Promise<number> {
  return (await route({ method, path, body: '' }, lookup)).status
}
