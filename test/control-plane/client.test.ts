import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { connect } from '../../src/kube/client.ts'
import type { Draft } from '../../src/kube/calls.ts'
import type { KubeClient } from '../../src/kube/client.ts'
import { isConflict, isNotFound, KubeError } from '../../src/kube/kube-error.ts'
import { resources } from '../../src/kube/resource.ts'
import type { KubeObject, ObjectMeta } from '../../src/kube/resource.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { ensureNamespace, startControlPlane } from './harness.ts'
import type { ControlPlane } from './harness.ts'

interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>
}

const ref = (name: string): { namespace: string; name: string } => ({ namespace: 'client', name })
const configMap = (name: string, data: Record<string, string> = {}): ConfigMap => ({ metadata: ref(name), data })

const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1', namespaced: true }

describe('the client, against a real API server', () => {
  let plane: ControlPlane
  let client: KubeClient

  before(async () => {
    plane = await startControlPlane()
    client = plane.client
    await ensureNamespace(client, 'client')
  })
  after(() => plane.stop())

  test('knows the namespace of its context', () => assert.equal(client.namespace, 'default'))

  test('creates, gets, replaces and deletes', async () => {
    const created = await client.create<ConfigMap>(resources.configMaps, configMap('life', { word: 'grüße' }))
    assert.equal(created.kind, 'ConfigMap')
    const found = await client.get<ConfigMap>(resources.configMaps, ref('life'))
    assert.deepEqual(found, created)

    const replaced = await client.replace<ConfigMap>(resources.configMaps, {
      ...found,
      data: { word: '二' },
    } as ConfigMap)
    assert.deepEqual(replaced.data, { word: '二' })
    await assert.rejects(client.replace(resources.configMaps, { ...found, data: {} } as ConfigMap), (error) =>
      isConflict(error),
    )
    assert.equal(await client.delete(resources.configMaps, ref('life')), true)
    assert.equal(await client.delete(resources.configMaps, ref('life')), false)
    assert.equal(await client.find(resources.configMaps, ref('life')), undefined)
  })

  test('gives the API server’s reason for a failure', async () => {
    await assert.rejects(client.get(resources.configMaps, ref('absent')), (error: unknown) => {
      assert.ok(error instanceof KubeError)
      assert.equal(error.status, 404)
      assert.equal(error.reason, 'NotFound')
      assert.match(error.message, /configmaps "absent" not found/)
      return isNotFound(error)
    })
    await assert.rejects(client.create(resources.configMaps, configMap('Not A Name')), {
      reason: 'Invalid',
      status: 422,
    })
  })

  test('a name cannot point at another object', async () => {
    await assert.rejects(client.get(resources.configMaps, ref('..')), /names no object/)
    await assert.rejects(client.get(resources.configMaps, ref('../secrets/x')), { status: 404 })
  })

  test('deletes only the object that was meant', async () => {
    const { metadata } = await client.create(resources.configMaps, configMap('meant'))
    await assert.rejects(client.delete(resources.configMaps, ref('meant'), { uid: 'somebody-else' }), { status: 409 })
    assert.equal(await client.delete(resources.configMaps, ref('meant'), { uid: metadata.uid }), true)
  })

  test('pages through 1200 ConfigMaps, 500 at a time', async () => {
    await ensureNamespace(client, 'many')
    const names = Array.from({ length: 1200 }, (_, i) => `c${i}`)
    for (let i = 0; i < names.length; i += 50)
      await Promise.all(
        names
          .slice(i, i + 50)
          .map((name) => client.create(resources.configMaps, { metadata: { namespace: 'many', name } })),
      )

    const sizes: number[] = []
    let next: string | undefined
    do {
      const page = await client.page(resources.configMaps, { namespace: 'many', limit: 500, continue: next })
      sizes.push(page.items.length)
      next = page.metadata.continue
    } while (next !== undefined && next !== '')
    assert.deepEqual(sizes, [500, 500, 200])

    const all = await client.list(resources.configMaps, { namespace: 'many' })
    assert.deepEqual(new Set(all.items.map(({ metadata }) => metadata.name)), new Set(names))
  })

  test('server-side apply takes fields over by force, and says who holds them without', async () => {
    await client.apply(resources.configMaps, configMap('owned', { a: '1', b: '1' }), { fieldManager: 'somebody' })
    await assert.rejects(
      client.apply(resources.configMaps, configMap('owned', { a: '2' }), { force: false }),
      (error: unknown) => {
        assert.ok(isConflict(error))
        assert.match(String(error), /somebody/)
        return true
      },
    )
    const forced = await client.apply<ConfigMap>(resources.configMaps, configMap('owned', { a: '2' }))
    assert.deepEqual(forced.data, { a: '2', b: '1' })

    const unchanged = await client.apply(resources.configMaps, configMap('owned', { a: '2' }))
    assert.equal(unchanged.metadata.resourceVersion, forced.metadata.resourceVersion)

    const withdrawn = await client.apply<ConfigMap>(resources.configMaps, configMap('owned'))
    assert.deepEqual(withdrawn.data, { b: '1' }, 'what we no longer apply goes, what others hold stays')
  })

  test('a dry run changes nothing', async () => {
    await client.apply(resources.configMaps, configMap('dry', { a: '1' }), { dryRun: true })
    assert.equal(await client.find(resources.configMaps, ref('dry')), undefined)
  })

  test('strict validation refuses a misspelt field', async () => {
    const object = { metadata: ref('strict'), dada: {} }
    await assert.rejects(client.apply(resources.configMaps, object, { fieldValidation: 'Strict' }), /dada/)
  })

  test('patches by merge and by JSON Patch', async () => {
    await client.create(resources.configMaps, configMap('patched', { a: '1', b: '1' }))
    const merged = await client.patch<ConfigMap>(resources.configMaps, ref('patched'), { data: { a: null, c: '3' } })
    assert.deepEqual(merged.data, { b: '1', c: '3' })
    const operations = [{ op: 'replace', path: '/data/b', value: '2' }]
    const patched = await client.patch<ConfigMap>(resources.configMaps, ref('patched'), operations, { type: 'json' })
    assert.deepEqual(patched.data, { b: '2', c: '3' })
  })

  test('a finalizer keeps a deleted object until it is taken off', async () => {
    const metadata: ObjectMeta = { ...ref('held'), finalizers: ['tls.chitin.dev/restore'] }
    await client.create(resources.configMaps, { metadata })
    await client.delete(resources.configMaps, ref('held'))
    const held = await client.get(resources.configMaps, ref('held'))
    assert.equal(typeof held.metadata.deletionTimestamp, 'string')
    await client.patch(resources.configMaps, ref('held'), { metadata: { finalizers: null } })
    assert.equal(await client.find(resources.configMaps, ref('held')), undefined)
  })

  test('status is written through its subresource only', async () => {
    const template = {
      metadata: { labels: { app: 'x' } },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    }
    const deployment = {
      metadata: ref('d'),
      spec: { selector: { matchLabels: { app: 'x' } }, template },
      status: { replicas: 3 },
    }
    type Deployment = KubeObject & { status?: { replicas?: number; observedGeneration?: number } }
    const applied = await client.apply<Deployment>(resources.deployments, deployment)
    assert.equal(applied.status?.replicas, undefined)
    const status = { metadata: ref('d'), status: { observedGeneration: 1, replicas: 3 } }
    const written = await client.apply<Deployment>(resources.deployments, status, { subresource: 'status' })
    assert.equal(written.status?.replicas, 3)
    assert.equal(written.metadata.generation, applied.metadata.generation)
  })

  test('metadata-only reads of Secrets never hold data', async () => {
    const secret = { metadata: ref('secret'), stringData: { password: 'do-not-send' } }
    await client.create(resources.secrets, secret)
    const options = { metadataOnly: true }
    const one = await client.get(resources.secrets, ref('secret'), options)
    const { items, metadata } = await client.list(resources.secrets, { ...options, namespace: 'client' })
    assert.equal(one.kind, 'Secret')
    for (const object of [one, ...items])
      assert.deepEqual(Object.keys(object).toSorted(), ['apiVersion', 'kind', 'metadata'])

    const { resourceVersion } = metadata
    const watch = client.watch(resources.secrets, { ...options, namespace: 'client', resourceVersion })
    await client.create(resources.secrets, {
      metadata: ref('next'),
      stringData: { password: 'nor this' },
    } as KubeObject)
    for await (const { object } of watch) {
      assert.deepEqual(Object.keys(object).toSorted(), ['apiVersion', 'kind', 'metadata'])
      break
    }
  })

  test('evicts a pod, and a disruption budget forbids it with 429', async () => {
    const labels = { app: 'guarded' }
    const pod = (name: string): object => ({
      metadata: { ...ref(name), labels },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    })
    await client.create(resources.pods, pod('free') as KubeObject)
    assert.equal(await client.evict(ref('free')), true)
    assert.equal(await client.evict(ref('free')), false)

    const budgets = {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      plural: 'poddisruptionbudgets',
      namespaced: true,
    }
    const budget = { metadata: ref('guard'), spec: { minAvailable: 1, selector: { matchLabels: labels } } }
    await client.create(budgets, budget)
    await client.create(resources.pods, pod('guarded') as KubeObject)
    // An unscheduled pod may go whatever the budget says: a Running one may not.
    const status = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] }
    await client.patch(resources.pods, ref('guarded'), { status }, { subresource: 'status' })
    await assert.rejects(client.evict(ref('guarded')), { status: 429, reason: 'TooManyRequests' })
  })

  test('an aborted call ends with the signal’s reason', async () => {
    const abort = new AbortController()
    const { metadata } = await client.list(resources.configMaps, { namespace: 'client' })
    const { resourceVersion } = metadata
    const watch = client.watch(resources.configMaps, { resourceVersion, signal: abort.signal })
    await client.create(resources.configMaps, configMap('seen'))
    const reading = (async () => {
      for await (const _ of watch) abort.abort(new Error('enough'))
    })()
    await assert.rejects(reading, /enough/)
    await assert.rejects(client.list(resources.configMaps, { signal: abort.signal }), /enough/)
  })

  test('authenticates by a service account’s token file, as in a pod, and may do what RBAC allows', async () => {
    const folder = temporaryFolder('token')
    try {
      const bindings = { ...rbac, kind: 'RoleBinding', plural: 'rolebindings' }
      const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }]
      await client.create({ ...rbac, kind: 'Role', plural: 'roles' }, { metadata: ref('reader'), rules } as Draft)
      await client.create(bindings, {
        metadata: ref('reader'),
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
        subjects: [{ kind: 'ServiceAccount', namespace: 'default', name: 'operator' }],
      } as Draft)
      const tokenFile = join(folder.path, 'token')
      writeFileSync(tokenFile, plane.token)

      // What client-node makes of a pod's service account.
      const config = JSON.parse(plane.kubeconfig()) as { users: { user: object }[] }
      config.users = config.users.map((user) => ({
        ...user,
        user: { 'auth-provider': { name: 'tokenFile', config: { tokenFile } } },
      }))
      const account = connect({ kubeconfigText: JSON.stringify(config) })
      await account.list(resources.configMaps, { namespace: 'client' })
      await assert.rejects(account.list(resources.secrets, { namespace: 'client' }), {
        status: 403,
        reason: 'Forbidden',
      })
      account.close()
    } finally {
      folder.remove()
    }
  })

  test('a server whose certificate is not of the kubeconfig’s CA is refused', async () => {
    const other = JSON.parse(plane.kubeconfig()) as { clusters: { cluster: Record<string, string> }[] }
    delete other.clusters[0]?.cluster['certificate-authority-data']
    const stranger = connect({ kubeconfigText: JSON.stringify(other) })
    await assert.rejects(stranger.raw('/version'), { status: 0, reason: 'Unreachable' })
  })
})
