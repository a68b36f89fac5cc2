import assert from 'node:assert/strict'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse, parseAllDocuments } from 'yaml'
import { renderInstall } from '../../deploy/render.ts'
import { ruleFiles } from '../../deploy/rules.ts'
import { permissions } from '../../src/controller/permissions.ts'
import { ensureHelm } from '../cluster/helm.ts'
import { attempt, run } from '../cluster/shell.ts'

const project = join(import.meta.dirname, '..', '..')
const chart = join(project, 'charts', 'chitin')
const golden = join(import.meta.dirname, 'golden')
const helm = await ensureHelm()

interface Rendered {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> }
  readonly rules?: readonly Rule[]
  readonly spec?: unknown
}

interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly verbs: readonly string[]
}

async function render(...options: readonly string[]): Promise<Rendered[]> {
  const text = await run(helm, ['template', 'chitin', chart, '--namespace', 'chitin-system', ...options])
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Rendered | null)
    .filter((object) => object !== null)
}

async function budgets(...options: readonly string[]): Promise<number> {
  return (await render(...options)).filter(({ kind }) => kind === 'PodDisruptionBudget').length
}

async function definitions(value: string): Promise<Rendered[]> {
  return (await render('--set', value)).filter(({ kind }) => kind === 'CustomResourceDefinition')
}

test('the chart passes helm lint', async () => {
  await run(helm, ['lint', '--strict', chart])
})

// Golden pairs: NAME.values.yaml renders as NAME.yaml. UPDATE_GOLDEN=1 writes them anew, for the diff to be read.
for (const file of readdirSync(golden).filter((name) => name.endsWith('.values.yaml'))) {
  test(`renders ${file} as before`, async () => {
    const expected = join(golden, file.replace('.values.yaml', '.yaml'))
    const options = ['--namespace', 'chitin-system', '--values', join(golden, file)]
    const rendered = await run(helm, ['template', 'chitin', chart, ...options])
    // The CustomResourceDefinition is long, and held to its source by a test of its own.
    const documents = rendered.split(/^---\n/m).filter((text) => !text.includes('kind: CustomResourceDefinition'))
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(expected, documents.join('---\n'))
    assert.equal(documents.join('---\n'), readFileSync(expected, 'utf8'))
  })
}

test("the chart's CustomResourceDefinitions are those of crds/", async () => {
  const files = readdirSync(join(project, 'crds'))
  assert.deepEqual(readdirSync(join(chart, 'files', 'crds')), files)
  const rendered = (await render()).filter(({ kind }) => kind === 'CustomResourceDefinition')
  assert.equal(rendered.length, files.length)
  for (const file of files) {
    const text = readFileSync(join(project, 'crds', file), 'utf8')
    assert.equal(readFileSync(join(chart, 'files', 'crds', file), 'utf8'), text)
    const source = parse(text) as Rendered
    const found = rendered.find(({ metadata }) => metadata.name === source.metadata.name)
    assert.deepEqual(found?.spec, source.spec)
  }
})

test('crds.install leaves the definition out, crds.keep leaves it behind', async () => {
  assert.equal((await definitions('crds.install=false')).length, 0)
  assert.equal((await definitions('crds.keep=true'))[0]?.metadata.annotations?.['helm.sh/resource-policy'], 'keep')
  assert.equal((await definitions('crds.keep=false'))[0]?.metadata.annotations, undefined)
})

test('grants the operator exactly what it says it asks for', async () => {
  for (const [name, text] of Object.entries(ruleFiles()))
    assert.equal(readFileSync(join(chart, 'files', name), 'utf8'), text, 'run: node deploy/rules.ts')
  const objects = await render()
  for (const own of [false, true]) {
    const role = objects.find(
      ({ kind, metadata }) => kind === (own ? 'Role' : 'ClusterRole') && metadata.name === 'chitin',
    )
    const wanted = permissions.filter(({ ownNamespace }) => (ownNamespace === true) === own)
    assert.deepEqual(
      role?.rules,
      wanted.map(({ apiGroup, resource, resourceNames, verbs }) => ({
        apiGroups: [apiGroup],
        resources: [resource],
        ...(resourceNames === undefined ? {} : { resourceNames }),
        verbs,
      })),
    )
  }
})

test('grants nobody anything by a wildcard', async () => {
  for (const { kind, metadata, rules = [] } of await render())
    for (const rule of rules)
      for (const list of [rule.apiGroups, rule.resources, rule.verbs])
        assert.ok(!list.includes('*'), `${kind} ${metadata.name} has a wildcard`)
})

test('runs the image by its digest where one is given', async () => {
  const digest = `sha256:${'ab'.repeat(32)}`
  const text = JSON.stringify(await render('--set', `image.digest=${digest}`, '--set', 'image.tag=ignored'))
  assert.ok(text.includes(`"image":"ghcr.io/chitin-dev/chitin@${digest}"`))
  assert.ok(!text.includes('ignored'))
})

test('has a disruption budget only where there is more than one replica: of one, it would block every drain', async () => {
  assert.equal(await budgets(), 1)
  assert.equal(await budgets('--set', 'replicas=1'), 0)
  assert.equal(await budgets('--set', 'podDisruptionBudget.enabled=false'), 0)
})

test('refuses values that it does not know, and values of the wrong shape', async () => {
  for (const value of ['replica=2', 'image.digest=latest', 'logLevel=loud', 'uninstall.timeout=soon', 'replicas=0']) {
    const { code, stderr } = await attempt(helm, ['template', 'chitin', chart, '--set', value])
    assert.notEqual(code, 0, value)
    assert.match(stderr, /values don't meet the specifications of the schema/)
  }
})

test('deploy/install.yaml is what the chart renders', async () => {
  const text = readFileSync(join(project, 'deploy', 'install.yaml'), 'utf8')
  assert.equal(text, await renderInstall(), 'run: node deploy/render.ts')
})
