/** Chapter 8: all that was said so far, searched for the keys of all the certificates there were; and who has a token. */
import assert from 'node:assert/strict'
import { secretsOf } from '../../support/hostile-secrets.ts'
import { keySearch } from '../../support/key-search.ts'
import { ingressNginx, type Scene } from './scene.ts'

export function secrecy(scene: Scene): void {
  scene.step('not a piece of a key is in logs, events, status, metrics or any object but Secrets', async (t) => {
    const { cluster, edge, operator, shop } = scene
    const keys = [...shop.authority.issuedKeys, ...(await webhookKeys(scene))]
    const search = keySearch(keys.flatMap((key, i) => secretsOf(`key ${i}`, key)))
    const sidecars = ['logs', '-l', 'app.kubernetes.io/name=ingress-nginx', '-c', 'chitin', '--tail=-1']
    const objects = 'tlspolicies.tls.chitin.dev,events,pods,deployments,replicasets,configmaps,ingresses,leases'
    const said = [
      await operator.log(),
      await cluster.kubectl([...ingressNginx, ...sidecars]),
      await cluster.kubectl(['get', objects, '-A', '-o', 'json', '--show-managed-fields']),
      await cluster.kubectl(['get', 'mutatingwebhookconfigurations', '-o', 'json']),
    ]
    for (const { status } of [...(await operator.pods()), ...(await edge.pods())])
      said.push((await cluster.outside('curl', ['-sS', `http://${status.podIP}:15900/metrics`])).stdout)
    for (const text of said) {
      assert.notEqual(text, '')
      assert.deepEqual(search(text), [])
      for (const key of keys) assert.notDeepEqual(search(text.slice(-1000) + key), [], 'it would be found')
    }
    t.diagnostic(`${said.join('').length} characters searched for ${keys.length} keys`)
  })

  scene.step('nginx has the token of its ServiceAccount, and the sidecar does not', async () => {
    const folder = '/var/run/secrets/kubernetes.io/serviceaccount'
    for (const { metadata } of await scene.edge.pods()) {
      const exec = (container: string): string[] => [...ingressNginx, 'exec', metadata.name, '-c', container, '--']
      const ofNginx = await scene.cluster.kubectl([...exec('controller'), 'ls', folder])
      assert.match(ofNginx, /^token$/m)
      const list = `fs.readdirSync('${folder}').join()`
      const ofSidecar = await scene.cluster.kubectl([...exec('chitin'), '/usr/local/bin/node', '-p', list])
      assert.match(ofSidecar, /generation/)
      assert.doesNotMatch(ofSidecar, /token/)
    }
  })
}

async function webhookKeys({ cluster }: Scene): Promise<string[]> {
  const own = ['-n', 'chitin-system', 'secret', 'chitin-webhook-certificates']
  const { data } = await cluster.read<{ readonly data: Readonly<Record<string, string>> }>(...own)
  return ['tls.key', 'signer.key'].map((field) => Buffer.from(data[field] ?? '', 'base64').toString())
}
