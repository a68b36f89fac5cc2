/** Chapter 4: the policy says how TLS is spoken, and every pod speaks so, without a restart. */
import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { revocationList } from '../../support/openssl.ts'
import { Authority } from '../certificates.ts'
import { everywhere } from '../everywhere.ts'
import { credentials, refusal } from './clients.ts'
import { ingressNginx, type Scene } from './scene.ts'

const host = 'shop.example.com'
const strict = { minVersion: '1.3', groups: ['P-256'], cipherSuites: ['TLS_AES_256_GCM_SHA384'] }

export function settings(scene: Scene): void {
  let processes: readonly string[]

  scene.step('version, group and cipher suite of a policy are those of each pod, and nothing else is', async () => {
    processes = await running(scene)
    await scene.edge.apply({ enforcement: 'Enforce', tls: strict })
    await scene.edge.condition('Ready', 'True', 'Ready')
    await everywhere(scene.shop, 'TLS 1.2 is refused', async (_, address) => {
      return /alert protocol version/.test(await scene.shop.handshake(host, address, '-tls1_2'))
    })
    for (const address of await addresses(scene)) {
      const chosen = await scene.shop.handshake(host, address)
      assert.match(chosen, /^New, TLSv1\.3, Cipher is TLS_AES_256_GCM_SHA384$/m)
      assert.match(chosen, /^Server Temp Key: ECDH, prime256v1/m)
      for (const other of ['-groups X25519', '-groups P-384', '-ciphersuites TLS_AES_128_GCM_SHA256'])
        assert.match(await scene.shop.handshake(host, address, other), /alert handshake failure/, other)
    }
    assert.equal((await scene.shop.request(`https://${host}/`)).status, 200)
    assert.deepEqual(await running(scene), processes)
  })

  scene.step('without those fields every pod speaks as before', async () => {
    await scene.edge.apply({ enforcement: 'Enforce' })
    await scene.edge.condition('Ready', 'True', 'Ready')
    await everywhere(scene.shop, 'TLS 1.2 is spoken', async (_, address) => {
      return /^New, TLSv1\.2, Cipher is ECDHE-ECDSA-/m.test(await scene.shop.handshake(host, address, '-tls1_2'))
    })
    for (const address of await addresses(scene))
      for (const other of ['-groups X25519', '-groups P-384', '-ciphersuites TLS_AES_128_GCM_SHA256'])
        assert.match(await scene.shop.handshake(host, address, other), /^New, TLSv1\.3/m, other)
    assert.deepEqual(await running(scene), processes)
  })

  scene.step('without session tickets no pod gives one, or takes one of before', async () => {
    const file = join(scene.cluster.directory, 'session-of-before')
    const handshake = async (address: string, options: string): Promise<string> =>
      await scene.shop.handshake(host, address, options, { lingerSeconds: 1 })
    const [first = ''] = await addresses(scene)
    for (const version of ['-tls1_2', '-tls1_3'])
      assert.match(await handshake(first, `${version} -sess_out ${file}`), ticket, version)
    assert.match(await handshake(first, `-sess_in ${file}`), /^Reused, /m)

    await scene.edge.apply({ enforcement: 'Enforce', tls: { sessionTickets: { enabled: false } } })
    await scene.edge.condition('Ready', 'True', 'Ready')
    await everywhere(scene.shop, 'no session is resumed', async (_, address) => {
      return /^New, /m.test(await handshake(address, `-sess_in ${file}`))
    })
    for (const address of await addresses(scene))
      for (const version of ['-tls1_2', '-tls1_3'])
        assert.doesNotMatch(await handshake(address, version), ticket, version)

    await scene.edge.apply({ enforcement: 'Enforce' })
    await scene.edge.condition('Ready', 'True', 'Ready')
    await everywhere(scene.shop, 'tickets are given', async (_, address) => ticket.test(await handshake(address, '')))
    assert.deepEqual(await running(scene), processes)
  })

  scene.step('every pod asks clients who they are, and those that were revoked stay out', async () => {
    const people = await Authority.create('people')
    const ann = await credentials(scene, people, 'ann')
    const bob = await credentials(scene, people, 'bob')
    await putPeople(scene, people, bob)
    const clientAuth = { mode: 'Require', caRef: { name: 'people' }, crlRef: { name: 'people' } }
    await scene.edge.apply({ enforcement: 'Enforce', tls: { clientAuth } })
    await scene.edge.condition('Ready', 'True', 'Ready')
    const url = `https://${host}/`
    await everywhere(scene.shop, 'strangers are refused', async (pod) => {
      return /certificate required/i.test(await refusal(scene, url, pod))
    })
    await everywhere(scene.shop, 'ann comes in', async (pod) => {
      return (await scene.shop.request(url, [...ann, ...pod])).status === 200
    })
    assert.match(await refusal(scene, url, bob), /certificate revoked/i)

    await scene.edge.apply({ enforcement: 'Enforce' })
    await scene.edge.condition('Ready', 'True', 'Ready')
    await everywhere(scene.shop, 'everybody comes in', async (pod) => {
      return (await scene.shop.request(url, pod)).status === 200
    })
    await scene.cluster.kubectl([...ingressNginx, 'delete', 'secret', 'people'])
    assert.deepEqual(await running(scene), processes)
  })
}

/** One Secret with a policy's authority, and with its list that names one of the clients. */
async function putPeople(scene: Scene, people: Authority, revoked: readonly string[]): Promise<void> {
  const [, file = ''] = revoked
  const { serialNumber } = new X509Certificate(await readFile(file))
  await scene.cluster.apply({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'people', namespace: 'ingress-nginx' },
    stringData: { 'ca.crt': people.certificate, 'ca.crl': revocationList({ issuer: people, serials: [serialNumber] }) },
  })
}

/** How s_client tells of a ticket in either version. */
const ticket = /New Session Ticket arrived|TLS session ticket:/

async function addresses(scene: Scene): Promise<string[]> {
  return (await scene.edge.pods()).map(({ status }) => status.podIP ?? '')
}

/** Every process of the ingress pods: those that were restarted have other ids. */
async function running(scene: Scene): Promise<string[]> {
  const pods = await scene.edge.pods()
  return pods
    .flatMap(({ status }) =>
      [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])].map(
        ({ containerID }) => containerID ?? '',
      ),
    )
    .toSorted()
}
