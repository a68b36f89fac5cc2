/** What becomes true at each ingress pod by itself, while the Service asks any of them. */
import { Edge } from './policy.ts'
import { eventually } from './shell.ts'
import type { Shop } from './shop.ts'

/** Waits until it is so at each pod, which has an address; `pod` are curl's options to ask just that one. */
export async function everywhere(
  shop: Shop,
  what: string,
  isSo: (pod: readonly string[], address: string) => Promise<boolean>,
): Promise<void> {
  await eventually(what, async () => {
    for (const { status } of await new Edge(shop.cluster).pods()) {
      const address = status.podIP ?? ''
      if (!(await isSo(['--connect-to', `::${address}:443`], address))) return undefined
    }
    return true
  })
}

/** Waits until each pod answers for a host: a fresh ingress-nginx is ready before it knows its endpoints, and says 503. */
export async function answersEverywhere(shop: Shop, host: string): Promise<void> {
  await everywhere(shop, `every pod to answer for ${host}`, async (pod) => {
    return (await shop.request(`https://${host}/`, pod)).status === 200
  })
}
