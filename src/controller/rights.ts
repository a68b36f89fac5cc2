/**
 * What workloads may read by themselves. The operator may read every Secret, and what it puts into a policy's namespace can
 * be read by whoever is at home there. So of another namespace it takes for a workload only what the workload's own
 * ServiceAccount may list, which an ingress-nginx has to anyway: nobody gets more by a policy than by a pod.
 */
import type { ObjectName } from '../api/nginx-plan.ts'
import type { KubeClient } from '../kube/client.ts'
import type { KubeObject, ResourceType } from '../kube/resource.ts'

export class Rights {
  readonly #client: KubeClient
  readonly #now: () => number
  readonly #known = new Map<string, { readonly isAllowed: boolean; readonly until: number }>()

  constructor(client: KubeClient, now: () => number) {
    this.#client = client
    this.#now = now
  }

  /** Whether a ServiceAccount may list all objects of a kind in a namespace; always in its own. */
  readonly mayList = async (account: ObjectName, plural: Plural, namespace: string): Promise<boolean> => {
    if (account.namespace === namespace) return true
    // Nearly all may list them everywhere, and one answer does for all namespaces.
    return (await this.#ask(account, plural)) || this.#ask(account, plural, namespace)
  }

  async #ask({ namespace: home, name }: ObjectName, resource: Plural, namespace?: string): Promise<boolean> {
    const key = `${home}/${name} ${resource} ${namespace ?? '*'}`
    const known = this.#known.get(key)
    if (known !== undefined && known.until > this.#now()) return known.isAllowed
    const spec = {
      user: `system:serviceaccount:${home}:${name}`,
      groups: ['system:serviceaccounts', `system:serviceaccounts:${home}`, 'system:authenticated'],
      resourceAttributes: { verb: 'list', resource, ...(namespace === undefined ? {} : { namespace }) },
    }
    const review = { metadata: {}, spec }
    const { status } = await this.#client.create<Reviewed>(subjectAccessReviews, review)
    const isAllowed = status?.allowed === true
    if (this.#known.size >= mostKnown) this.#known.clear()
    this.#known.set(key, { isAllowed, until: this.#now() + (isAllowed ? allowedMs : deniedMs) })
    return isAllowed
  }
}

type Plural = 'secrets' | 'configmaps'
type Reviewed = KubeObject & { readonly status?: { readonly allowed?: boolean } }

/** A question, of which the API server keeps nothing. */
const subjectAccessReviews: ResourceType = {
  apiVersion: 'authorization.k8s.io/v1',
  kind: 'SubjectAccessReview',
  plural: 'subjectaccessreviews',
  namespaced: false,
}
/** Whoever takes a right away waits for so long at most; whoever grants one does not want to wait. */
const allowedMs = 60_000
const deniedMs = 5000
const mostKnown = 10_000
