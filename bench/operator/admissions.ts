/**
 * Pods by the hundred: AdmissionReviews straight to the webhook, each begun on time whether or not the last one was
 * answered, and its latency taken from the moment at which it should have begun.
 */
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import https from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { Pod } from '../../src/api/pod.ts'
import type { KubeObject } from '../../src/kube/resource.ts'

export interface Latency {
  readonly count: number
  readonly patched: number
  readonly p50: number
  readonly p99: number
}

/** Whom to ask, about which pods, and how often. */
export interface Load {
  readonly url: string
  readonly pods: readonly (Pod & KubeObject)[]
  readonly load: { readonly perSecond: number; readonly seconds: number }
}

/** Asks from a thread of its own: this one plays all the sidecars. */
export async function admitApart(load: Load): Promise<Latency> {
  const thread = new Worker(new URL('./admissions-thread.ts', import.meta.url), { workerData: load })
  const [latency] = (await once(thread, 'message')) as [Latency]
  await thread.terminate()
  return latency
}

export async function admit(url: string, pods: Load['pods'], { perSecond, seconds }: Load['load']): Promise<Latency> {
  // Its certificate is our own authority's, which the API server checks and this load does not. Few connections, as an
  // API server has: more would measure handshakes.
  const agent = new https.Agent({ keepAlive: true, maxSockets: 8, rejectUnauthorized: false })
  const latencies: number[] = []
  let patched = 0
  const began = performance.now()
  const under: Promise<void>[] = []
  for (let i = 0; i < perSecond * seconds; i++) {
    const due = began + (i * 1000) / perSecond
    const wait = due - performance.now()
    if (wait > 0) await sleep(wait)
    const pod = pods[i % pods.length]
    if (pod === undefined) throw new Error('there is no pod to ask about')
    under.push(
      post(`${url}/mutate/pod?timeout=5s`, reviewOf(pod), agent).then((text) => {
        latencies.push(performance.now() - due)
        if (text.includes('"patch"')) patched++
      }),
    )
  }
  await Promise.all(under)
  agent.destroy()
  latencies.sort((a, b) => a - b)
  const at = (part: number): number =>
    latencies[Math.min(Math.floor(part * latencies.length), latencies.length - 1)] ?? 0
  return { count: latencies.length, patched, p50: at(0.5), p99: at(0.99) }
}

/** As the API server would ask if the pod were made now: without what the webhook has put in before. */
function reviewOf({ metadata, spec }: Pod & KubeObject): string {
  const { namespace, name, labels, ownerReferences } = metadata
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: randomUUID(),
      kind: { group: '', version: 'v1', kind: 'Pod' },
      namespace,
      name,
      operation: 'CREATE',
      object: { metadata: { namespace, name, labels, ownerReferences }, spec },
    },
  })
}

async function post(url: string, body: string, agent: https.Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
    const request = https.request(url, { method: 'POST', headers, agent }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve(text)
        else reject(new Error(`the webhook answers ${answer.statusCode}: ${text}`))
      })
      answer.on('error', reject)
    })
    request.on('error', reject)
    request.end(body)
  })
}
