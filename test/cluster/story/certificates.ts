/** Chapter 7: Secrets change, for better and for worse, under a constant load of requests. */
import assert from 'node:assert/strict'
import type { CertificateStatus } from '../../../src/api/tls-policy-status.ts'
import type { Pair } from '../certificates.ts'
import { isServed } from '../policy.ts'
import { ingressNginx, secondsSince, type Scene } from './scene.ts'

const host = 'shop.example.com'

export function certificates(scene: Scene): void {
  let good: Pair

  scene.step('a replaced Secret is served and verified by all pods, and no request fails', async (t) => {
    const load = await scene.load(host)
    const fingerprints: string[] = []
    const times: string[] = []
    for (let rotation = 0; rotation < 3; rotation++) {
      const pair = await scene.shop.authority.issue({ names: [host] })
      const written = performance.now()
      await scene.shop.putCertificate('shop-tls', pair)
      await scene.edge.certificate(host, 'to be served by 3 pods', (one) => isServed(one, pair.fingerprint, 3))
      times.push(secondsSince(written))
      fingerprints.push(pair.fingerprint)
      good = pair
      assert.equal((await scene.shop.served(host)).fingerprint, pair.fingerprint)
    }
    const report = await load.stop()
    t.diagnostic(`Secret written -> served and verified, 3 pods: ${times.join(', ')}`)
    t.diagnostic(`${report.answered} requests were answered meanwhile, ${report.failed} failed`)
    assert.deepEqual([report.failed, report.failures], [0, []])
    const warnings = ['get', 'events', '--field-selector=reason=ServedMismatch', '-o', 'name']
    assert.equal(await scene.cluster.kubectl([...ingressNginx, ...warnings]), '', 'a rotation is no cause for alarm')
    for (const fingerprint of fingerprints) assert.ok((report.certificates[fingerprint] ?? 0) > 0, 'seen by clients')
    await scene.edge.condition('Ready', 'True', 'Ready')
  })

  const bad: readonly {
    readonly what: string
    readonly reason: string
    readonly pair: () => Promise<Pair>
  }[] = [
    {
      what: "another certificate's key",
      reason: 'KeyMismatch',
      pair: async () => ({ ...good, key: (await scene.shop.authority.issue({ names: [host] })).key }),
    },
    {
      what: 'an expired certificate',
      reason: 'Expired',
      pair: async () => await scene.shop.authority.issue({ names: [host], notAfter: new Date(Date.now() - 60_000) }),
    },
    {
      what: 'a certificate for another name',
      reason: 'SANMismatch',
      pair: async () => await scene.shop.authority.issue({ names: ['wrong.example.com'] }),
    },
    {
      what: 'garbage',
      reason: 'MalformedPEM',
      pair: async () => await Promise.resolve({ ...good, certificate: 'no certificate', key: 'and no key' }),
    },
  ]
  for (const { what, reason, pair } of bad)
    scene.step(`a Secret with ${what} is held back as ${reason}, and every other host goes on`, async () => {
      const load = await scene.load(host)
      await scene.shop.putCertificate('shop-tls', await pair())
      const held = await scene.edge.certificate(host, reason, (one) => one.heldBack?.reason === reason)
      await scene.edge.condition('CertificatesValid', 'False', reason)
      await scene.edge.condition('Ready', 'False', 'CertificateHeldBack')
      assert.ok(isServed(held, good.fingerprint, 3), JSON.stringify(held))
      assert.equal((await scene.shop.served(host)).fingerprint, good.fingerprint)
      // The other host does not only stay: it is renewed while this one is held back.
      const other = await scene.shop.issue('api-tls', { names: ['api.example.com'], kind: 'rsa' })
      const renewed = (one: CertificateStatus): boolean => isServed(one, other.fingerprint, 3)
      assert.equal((await scene.edge.certificate('api.example.com', 'renewed', renewed)).heldBack, undefined)
      const { failed, failures, certificates: shown } = await load.stop()
      assert.deepEqual([failed, failures], [0, []])
      assert.deepEqual(Object.keys(shown), [good.fingerprint])
      const events = await scene.cluster.kubectl([
        ...ingressNginx,
        'get',
        'events',
        `--field-selector=reason=${reason}`,
      ])
      assert.match(events, /Warning .*tlspolicy\/edge .*shop\.example\.com/)
    })

  scene.step('a Secret that is gone is named, and its last certificate goes on being served', async () => {
    await scene.cluster.kubectl(['-n', 'shop', 'delete', 'secret', 'shop-tls'])
    const { message } = await scene.edge.condition('ResolvedRefs', 'False', 'SecretNotFound')
    assert.match(message ?? '', /shop\/shop-tls/)
    assert.equal((await scene.shop.served(host)).fingerprint, good.fingerprint)
  })

  scene.step('the good Secret again, and all is well', async () => {
    await scene.shop.putCertificate('shop-tls', good)
    await scene.edge.condition('Ready', 'True', 'Ready')
  })
}
