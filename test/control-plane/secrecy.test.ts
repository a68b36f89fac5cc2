/**
 * The operator among hostile Secrets, as a process that logs all it can, on a real API server. Whatever leaves it (its
 * log, events, status, objects, metrics, and the webhook's answers) is searched for pieces of private keys.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { manifestFile, parseManifest } from '../../src/api/bundle.ts'
import type { KubeClient } from '../../src/kube/client.ts'
import { resources, type KubeObject } from '../../src/kube/resource.ts'
import { derOf, hostileSecrets, secretsOf, type HostileSecret } from '../support/hostile-secrets.ts'
import { forms, keySearch, type Secret } from '../support/key-search.ts'
import { algorithms, issue } from '../support/openssl.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { eventually, startControlPlane, type ControlPlane } from './harness.ts'
import { condition, ingress, namespace, policy, put, putIngressNginx, status } from './objects.ts'
import { startOperator, type OperatorProcess } from './operator-process.ts'
import { playDeployment, playSidecar, podsOf } from './workload-player.ts'

type WithData = KubeObject & { readonly data: Readonly<Record<string, string>> }

const extensions = ['subjectAltName=DNS:*.example.com']
const good = issue({ extensions })
const rsa = issue({ extensions, algorithm: algorithms.rsa })
const other = issue({ extensions })
const keys = [good, rsa, other].flatMap(({ key }, i) => secretsOf(`key ${i}`, key))
/** A key as one word, which has no slash and could be meant for the name of something. */
const word = Buffer.from(keys[0]?.bytes ?? [])
  .toString('hex')
  .toUpperCase()
const hostile = [
  ...hostileSecrets(good, other),
  ...hostileSecrets(rsa, other).map((one) => ({ ...one, name: `rsa-${one.name}` })),
]
const own = {
  bundle: { namespace, name: 'chitin-edge-bundle' },
  webhook: { namespace: 'chitin-system', name: 'chitin-webhook-certificates' },
}
const prefix = 'nginx.ingress.kubernetes.io'

describe('the operator among hostile Secrets, on a real API server', () => {
  const folder = temporaryFolder('secrecy')
  const playing = new AbortController()
  /** All that it has said to whoever asked it. */
  const answers: string[] = []
  const secrets: Secret[] = [...keys]
  let plane: ControlPlane
  let client: KubeClient
  let played: Promise<void>
  let sidecar: Awaited<ReturnType<typeof playSidecar>>
  let operator: OperatorProcess

  before(async () => {
    plane = await startControlPlane()
    client = plane.client
    sidecar = await playSidecar(client, own.bundle)
    await putIngressNginx(client, sidecar.port)
    for (const name of ['shop', 'spare']) await putSecret(client, { name, ...good })
    await put(client, resources.ingresses, ingress('shop', 'shop.example.com', 'shop'))
    played = playDeployment(client, namespace, 'nginx', playing.signal)
    await eventually('two pods are there', async () => (await podsOf(client, namespace)).length === 2)
    await put(client, resources.tlsPolicies, policy('edge', 'Enforce'))
    operator = await startOperator(plane, folder.path)
    await eventually('the policy is ready', async () => (await condition(client, 'edge', 'Ready')) === 'True/Ready')
  })
  after(async () => {
    await operator.stop()
    playing.abort()
    await played
    sidecar.close()
    await plane.stop()
    folder.remove()
  })

  test('judges each of them, and tells of the bad ones by their hosts', async () => {
    for (const secret of hostile) {
      await putSecret(client, secret)
      await put(client, resources.ingresses, ingress(secret.name, `${secret.name}.example.com`, secret.name))
    }
    await putSecret(client, { name: 'shop', certificate: good.key, key: good.certificate })
    await eventually('each host is in the status', async () => {
      const held = (await status(client, 'edge')).certificates?.filter(({ heldBack }) => heldBack !== undefined) ?? []
      return held.length >= 50 && held.some(({ host }) => host === 'shop.example.com')
    })
  })

  test('refuses authorities and annotations that are keys', async () => {
    const authorities = {
      key: { 'ca.crt': good.key },
      mixed: { 'ca.crt': good.certificate + good.key, 'ca.crl': good.key },
      inside: { 'ca.crt': good.certificate.replace('\n', `\n${good.key}`) },
      der: { 'ca.crt': derOf(good.key).toString('latin1') },
    }
    const wanted = new Map<string, Record<string, string>>([
      ['pem', { 'auth-tls-secret': good.key }],
      ['word', { 'auth-tls-secret': word }],
      ['qualified', { 'auth-tls-secret': `${namespace}/${word}` }],
      ['elsewhere', { 'auth-tls-secret': `${word}/${word}` }],
      ['alias', { 'auth-tls-secret': 'ca-key', 'server-alias': `${word}/,${good.key}` }],
      ['mode', { 'auth-tls-secret': 'ca-key', 'auth-tls-verify-client': word, 'auth-tls-verify-depth': word }],
      ['page', { 'auth-tls-secret': 'ca-key', 'auth-tls-error-page': word, 'auth-tls-match-cn': `CN=${word}` }],
    ])
    for (const [name, data] of Object.entries(authorities)) {
      const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'latin1').toString('base64')])
      await put(client, resources.secrets, {
        metadata: { namespace, name: `ca-${name}` },
        data: Object.fromEntries(encoded) as object,
      })
      wanted.set(name, { 'auth-tls-secret': `ca-${name}` })
    }
    for (const [name, annotations] of wanted) {
      const prefixed = Object.fromEntries(
        Object.entries(annotations).map(([key, value]) => [`${prefix}/${key}`, value]),
      )
      const host = `ca-${name}.example.com`
      await put(client, resources.ingresses, ingress(`ca-${name}`, host, 'spare', prefixed))
      await eventually(`${host} is judged`, async () => isListed(client, host))
      answers.push(JSON.stringify(await status(client, 'edge')))
      await client.delete(resources.ingresses, { namespace, name: `ca-${name}` })
      await eventually(`${host} is gone`, async () => !(await isListed(client, host)))
    }
  })

  test('mends its own Secrets when somebody has damaged them', async () => {
    const { data } = await client.get<WithData>(resources.secrets, own.bundle)
    const manifest = Buffer.from(data[manifestFile] ?? '', 'base64').toString()
    for (const damaged of [
      good.key,
      manifest.replace(/"key":"\w+"/, `"key":"${word}"`),
      manifest.replace('X25519', word),
    ]) {
      await client.patch(resources.secrets, own.bundle, {
        data: { [manifestFile]: Buffer.from(damaged).toString('base64') },
      })
      await eventually('it is whole again', async () => (await bundle().catch(() => undefined)) !== undefined)
    }
    await operator.stop()
    const webhook = await client.get<WithData>(resources.secrets, own.webhook)
    const key = Buffer.from(good.key).toString('base64')
    for (const damaged of [
      { 'tls.key': key },
      { 'signer.key': key, 'tls.crt': key },
      { 'ca.crt': key },
      { 'ca.crt': Buffer.from(`${good.certificate}${good.key}`).toString('base64') },
    ]) {
      await client.patch(resources.secrets, own.webhook, { data: { ...webhook.data, ...damaged } })
      operator = await startOperator(plane, folder.path)
      await operator.stop()
    }
    operator = await startOperator(plane, folder.path)
  })

  test('answers pods that carry a key, and reviews that are none', async () => {
    const [pod] = await podsOf(client, namespace)
    assert.ok(pod)
    const env = [{ name: 'KEY', value: good.key }]
    const spec = { ...pod.spec, containers: pod.spec.containers.map((container) => ({ ...container, env })) }
    const metadata = { namespace, name: 'with-a-key', labels: { app: 'nginx' }, annotations: { note: good.key } }
    const review = {
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      request: {
        uid: 'one',
        kind: { group: '', version: 'v1', kind: 'Pod' },
        namespace,
        operation: 'CREATE',
        object: { metadata, spec },
      },
    }
    const whole = JSON.stringify(review)
    for (const body of [whole, good.key, whole.slice(0, -9), JSON.stringify(good.key), `${whole}${good.key}`])
      answers.push(await operator.review(body))
    assert.match(answers.at(-5) ?? '', /"allowed":true/)
    for (const path of ['livez', 'readyz', 'metrics', word]) answers.push(await operator.admin(path))
  })

  test('and not a piece of a key is in anything that left it', async () => {
    const bundle = await client.get<WithData>(resources.secrets, own.bundle)
    const { data } = await client.get<WithData>(resources.secrets, own.webhook)
    for (const field of ['tls.key', 'signer.key'])
      secrets.push(...secretsOf(`webhook's ${field}`, Buffer.from(data[field] ?? '', 'base64').toString()).slice(0, 1))
    for (const [name, value] of Object.entries(bundle.data))
      if (name.startsWith('ticket-')) secrets.push({ name, bytes: Buffer.from(value, 'base64') })
    const search = keySearch(secrets)
    const log = readFileSync(join(folder.path, 'log'), 'utf8')
    const left: Record<string, string> = { log, answers: answers.join('\n'), ...(await objects(client)) }
    assert.ok(
      log.split('\n').some((text) => text.includes('"level":"warn"')),
      'it has complained of something',
    )
    assert.deepEqual(
      Object.entries(left).flatMap(([where, text]) => search(text).map((found) => `${where}: ${found}`)),
      [],
    )
    for (const { name, bytes } of secrets)
      for (const [form, write] of Object.entries(forms)) {
        const planted = write(Buffer.from(bytes)).at(-1) ?? ''
        const found = search(`${log.slice(-1000)}${JSON.stringify({ level: 'info', message: planted })}`)
        assert.notDeepEqual(found, [], `${name} as ${form}`)
      }
  })

  async function bundle() {
    const { data } = await client.get<WithData>(resources.secrets, own.bundle)
    return parseManifest(Buffer.from(data[manifestFile] ?? '', 'base64').toString())
  }
})

async function putSecret(client: KubeClient, { name, certificate, key }: HostileSecret): Promise<void> {
  const data = {
    'tls.crt': Buffer.from(certificate).toString('base64'),
    'tls.key': Buffer.from(key).toString('base64'),
  }
  await put(client, resources.secrets, { metadata: { namespace, name }, type: 'kubernetes.io/tls', data })
}

async function isListed(client: KubeClient, host: string): Promise<boolean> {
  return (await status(client, 'edge')).certificates?.some((one) => one.host === host) ?? false
}

/** Every object that the operator may have written, by its place; of Secrets that hold keys, all but what they hold. */
async function objects(client: KubeClient): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const type of Object.values(resources)) {
    const { items } = await client.list<KubeObject & { readonly data?: unknown }>(type)
    for (const item of items) {
      const { data: _data, ...rest } = item
      const { namespace = '', name } = item.metadata
      found[`${type.kind} ${namespace}/${name}`] = JSON.stringify(type.kind === 'Secret' ? rest : item)
    }
  }
  return found
}
