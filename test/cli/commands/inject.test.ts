import assert from 'node:assert/strict'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse, parseAllDocuments } from 'yaml'
import { command as check } from '../../../src/cli/commands/check.ts'
import { command as inject } from '../../../src/cli/commands/inject.ts'
import type { Command } from '../../../src/cli/command.ts'
import { UsageError } from '../../../src/cli/options.ts'
import type { Pod } from '../../../src/api/pod.ts'
import { vectorPem } from '../../support/bundle-directory.ts'
import { secretsOf } from '../../support/hostile-secrets.ts'
import { keySearch } from '../../support/key-search.ts'
import { temporaryFolder } from '../../support/temporary-folder.ts'

const repository = join(import.meta.dirname, '..', '..', '..')
const policyText = `
apiVersion: tls.chitin.dev/v1alpha1
kind: TLSPolicy
metadata: { name: edge, namespace: ingress-nginx }
spec: { ingressClassName: nginx }
`
const manifestText = `
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: { name: nginx }
spec: { controller: k8s.io/ingress-nginx }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: ing, namespace: ingress-nginx }
data: { http-snippet: "server { listen 127.0.0.1:10247; return 200; }" }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: ingress-nginx-controller, namespace: ingress-nginx }
spec:
  selector: { matchLabels: { app: ingress-nginx } }
  template:
    metadata: { labels: { app: ingress-nginx } }
    spec:
      containers:
      - name: controller
        image: localhost/ingress-nginx:test
        command: [/start.sh, --controller-class=k8s.io/ingress-nginx, --configmap=$(POD_NAMESPACE)/ing]
        env: [{ name: POD_NAMESPACE, valueFrom: { fieldRef: { fieldPath: metadata.namespace } } }]
        ports: [{ name: http, containerPort: 80 }, { name: https, containerPort: 443 }]
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: other, namespace: ingress-nginx }
spec:
  selector: { matchLabels: { app: other } }
  template: { metadata: { labels: { app: other } }, spec: { containers: [{ name: a, image: b }] } }
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: web, namespace: shop }
spec: { ingressClassName: nginx, tls: [{ hosts: [web.example.test], secretName: webtls }] }
`

test('injects what the policy governs, adds the derived ConfigMap, and says so', async () => {
  const at = temporaryFolder('inject').path
  writeFileSync(join(at, 'policy.yaml'), policyText)
  writeFileSync(join(at, 'all.yaml'), manifestText)
  const result = await run(
    inject,
    '-f',
    join(at, 'all.yaml'),
    '--policy',
    join(at, 'policy.yaml'),
    '--sidecar-image=i:1',
  )
  assert.equal(result.code, 0)
  const [derived, , , deployment, other] = documents(result.out)
  assert.equal((derived as Pod).metadata.name, 'chitin-edge-nginx')
  const { data } = derived as { data: Record<string, string> }
  assert.match(data['http-snippet'] ?? '', /^server \{ listen 127[^]*web\.example\.test 1;/)
  const { spec } = (deployment as { spec: { template: Pod } }).spec.template
  assert.equal(spec.initContainers?.[0]?.image, 'i:1')
  assert.ok(spec.containers[0]?.command?.includes('--configmap=ingress-nginx/chitin-edge-nginx'))
  assert.deepEqual(other, documents(manifestText)[3])
  assert.match(result.error, /Deployment\/ingress-nginx-controller: injected/)
  assert.match(result.error, /Deployment\/other: left as it is: NotSelected/)

  writeFileSync(join(at, 'injected.yaml'), result.out)
  const undone = await run(inject, '-f', join(at, 'injected.yaml'), '--undo')
  assert.deepEqual(documents(undone.out).slice(1), documents(manifestText))
})

test('a pod alone is injected whatever the target says', async () => {
  const at = temporaryFolder('inject').path
  writeFileSync(join(at, 'policy.yaml'), policyText)
  const pod = join(repository, 'test/golden/inject/ingress-nginx-chart.yaml')
  const { code, out } = await run(inject, '-f', pod, '--policy', join(at, 'policy.yaml'))
  assert.equal(code, 0)
  assert.equal((documents(out)[1] as Pod).spec.initContainers?.[0]?.name, 'chitin')
})

test('reads and writes YAML as kubectl does', async () => {
  const at = temporaryFolder('inject').path
  const given = `apiVersion: v1
kind: Pod
metadata:
  creationTimestamp: 2026-01-01T00:00:00Z
  annotations: { a: 'yes', b: '0644', c: '12:30', d: '1e3', e: 'true', f: "on", g: 12:30 }
spec: { containers: [], hostNetwork: no, volumes: [{ name: v, secret: { secretName: s, defaultMode: 0644 } }] }
`
  writeFileSync(join(at, 'pod.yaml'), given)
  const { out } = await run(inject, '-f', join(at, 'pod.yaml'), '--undo')
  const { metadata, spec } = parse(out, { schema: 'failsafe' }) as Pod
  assert.match(out, /a: "yes"[^]*b: "0644"[^]*c: .?12:30[^]*d: "1e3"[^]*e: "true"[^]*f: "on"/)
  assert.equal(metadata.creationTimestamp, '2026-01-01T00:00:00Z')
  assert.equal(metadata.annotations?.['g'], '12:30')
  assert.equal(String(spec.hostNetwork), 'false')
  assert.equal(String(spec.volumes?.[0]?.secret?.defaultMode), '420')
})

test('manifests that no API server would take are refused by document and field, and not by a stack', async () => {
  const at = temporaryFolder('inject').path
  const deployment = 'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: web }\n'
  const cases: readonly (readonly [string, RegExp])[] = [
    [deployment, /Deployment web: spec: found nothing, expected an object/],
    [
      `${deployment}spec: { selector: {}, template: null }`,
      /spec\.template: found null, expected the template of a pod/,
    ],
    [`${deployment}spec: { selector: {}, template: {} }`, /spec\.template\.spec: found nothing, expected an object/],
    [`${deployment}spec: {}`, /spec\.selector: found nothing, expected a label selector/],
    ['apiVersion: v1\nkind: Pod\nspec: { containers: nginx }', /Pod: spec\.containers: found "nginx", expected a list/],
    ['apiVersion: v1\nkind: Pod\nspec: { containers: [{ args: [1] }] }', /containers\[0\]\.args: .* into quotes/],
    ['apiVersion: v1\nkind: Pod\nspec: { containers: [{ ports: 443 }] }', /containers\[0\]\.ports: found 443/],
    ['apiVersion: v1\nkind: Pod\nspec: { containers: [], volumes: [x] }', /spec\.volumes: found a list of 1/],
    ['apiVersion: v1\nkind: Pod\nmetadata: []', /Pod: metadata: found a list of 0, expected an object/],
    ['apiVersion: networking.k8s.io/v1\nkind: Ingress', /Ingress: spec: found nothing/],
    ['apiVersion: v1\nkind: List\nitems: [null]', /without apiVersion and kind/],
  ]
  for (const [text, message] of cases) {
    writeFileSync(join(at, 'all.yaml'), `${policyText}---\n${text}`)
    for (const [command, ...more] of [[check], [inject, '--policy', join(at, 'all.yaml')]] as const)
      await assert.rejects(run(command, '-f', join(at, 'all.yaml'), ...more), (error) => {
        assert.ok(error instanceof UsageError, text)
        assert.match(error.message, message)
        return true
      })
  }
})

test('exit code 1 where nothing could be injected', async () => {
  const at = temporaryFolder('inject').path
  writeFileSync(join(at, 'policy.yaml'), policyText)
  writeFileSync(join(at, 'pod.yaml'), 'apiVersion: v1\nkind: Pod\nspec: { containers: [{ name: a, image: b }] }\n')
  const { code, error } = await run(inject, '-f', join(at, 'pod.yaml'), '--policy', join(at, 'policy.yaml'))
  assert.equal(code, 1)
  assert.match(error, /NoNginxContainer/)
})

test('says what is missing', async () => {
  const at = temporaryFolder('inject').path
  writeFileSync(join(at, 'all.yaml'), manifestText)
  await assert.rejects(run(inject), UsageError)
  await assert.rejects(run(inject, '-f', join(at, 'all.yaml')), /--policy is required/)
  await assert.rejects(run(inject, '-f', join(at, 'none.yaml'), '--policy', 'x'), /none\.yaml cannot be read: ENOENT/)
  await assert.rejects(run(inject, '-f', join(at, 'all.yaml'), '--policy', join(at, 'all.yaml')), /holds 0 TLSPolicies/)
})

test('tells where a text is no YAML, and quotes nothing of it: it may be a key', async () => {
  const at = temporaryFolder('inject').path
  const file = join(at, 'secret.yaml')
  const { key } = vectorPem('p256')
  const search = keySearch(secretsOf('the key', key))
  const head = 'apiVersion: v1\nkind: Secret\nmetadata: { name: shop }\n'
  const indented = key.replaceAll('\n', '\n    ')
  for (const text of [
    `${head}stringData:\n  tls.key: |\n    ${indented.replace('    MIG', '  MIG')}`,
    `${head}stringData: { tls.key: "${key} }`,
    `${head}stringData:\n  tls.key: |${key}`,
    `${head}stringData:\n  tls.key: !${key}`,
    `${head}${key}`,
    `{${key}`,
    key,
  ]) {
    writeFileSync(file, text)
    const { message } = await run(check, '-f', file).then(
      () => assert.fail(text),
      (error: unknown) => error as Error,
    )
    assert.match(message, /secret\.yaml/)
    assert.deepEqual(search(message), [])
  }
})

test('check takes the good samples and names the fault of each bad one', async () => {
  for (const folder of ['good', 'bad']) {
    for (const name of readdirSync(join(repository, 'test/samples', folder))) {
      const { code, out } = await run(check, '--file', join(repository, 'test/samples', folder, name))
      // Valid to write, and answered by status all the same.
      const isServed = folder === 'good' && name !== 'shim.yaml'
      assert.equal(code, isServed ? 0 : 1, name)
      assert.match(out, isServed ? /valid/ : /expected|UnsupportedMode/, name)
    }
  }
})

test('check says what a policy would do with the workloads beside it', async () => {
  const at = temporaryFolder('inject').path
  writeFileSync(join(at, 'all.yaml'), `${policyText}---${manifestText}`)
  const { code, out } = await run(check, '-f', join(at, 'all.yaml'))
  assert.equal(code, 0)
  assert.match(out, /would put the sidecar into Deployment\/ingress-nginx-controller/)
  assert.match(out, /would leave Deployment\/other as it is/)
})

async function run(command: Command, ...argv: string[]): Promise<{ code: number; out: string; error: string }> {
  let out = ''
  let error = ''
  const code = await command.execute(argv, {
    env: {},
    out: (text) => (out += text),
    error: (text) => (error += text),
    stop: new AbortController().signal,
  })
  return { code, out, error }
}

function documents(text: string): unknown[] {
  return parseAllDocuments(text).map((document) => parse(document.toString()) as unknown)
}
