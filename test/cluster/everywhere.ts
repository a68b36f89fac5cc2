/** What becomes true at each ingress pod by itself, while the Service asks any of them. */
import { Edge } from './policy.ts'
import { eventually, pause } from './shell.ts'
import type { Shop } from './shop.ts'

/**
 * Waits until it is so at each pod, which has an address; `pod` are curl's options to ask just that one. Each is asked
 * twice, some time apart: while nginx reloads, old workers take connections beside the new ones.
 */
export async function everywhere(
  shop: Shop,
  what: string,
  isSo: (pod: readonly string[], address: string) => Promise<boolean>,
): Promise<void> {
  const isSoNow = async (): Promise<boolean> => {
    for (const { status } of await new Edge(shop.cluster).pods()) {
      const address = status.podIP ?? ''
      if (!(await isSo(['--connect-to', `::${address}:443`], address))) return false
    }
    return true
  }
  await eventually(what, async () => {
    if (!(await isSoNow())) return undefined
    await pause(300)
    return (await isSoNow()) ? true : undefined
  })
}

/** Waits until each pod answers for a host: a fresh ingress-nginx is ready before it knows its endpoints, and says 503. */
export async function answersEverywhere(shop: Shop, host: string): Promise<void> {
  await everywhere(shop, `every pod to answer for ${host}`, async (pod) => {
    return (await shop.request(`https://${host}/`, pod)).status === 200
  })
}
