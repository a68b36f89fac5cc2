/**
 * The admission webhook: an AdmissionReview comes in over HTTPS, and one goes out. What is to be done with a pod is asked
 * of a `lookup` that whoever runs the webhook hands in; it holds no caches and talks to no API server itself.
 */
import type { AdmissionRequest } from '../api/admission.ts'
import { qualifiedName } from '../api/object-meta.ts'
import type { Lookup } from './lookup.ts'
import { mutatePod, type Mutation } from './mutate-pod.ts'
import { answer, podOf, readReview, ReviewError } from './review.ts'

/** Where the API server sends pods. */
export const mutatePodPath = '/mutate/pod'

export interface Request {
  readonly method: string
  /** Path without its query: the API server adds `?timeout=5s`. */
  readonly path: string
  readonly body: string
}

export interface Response {
  readonly status: number
  readonly contentType: 'application/json' | 'text/plain'
  readonly body: string
  /** What happened, for log and metrics. */
  readonly admission?: Admission
}

/** One pod that was asked about. */
export interface Admission {
  /** `namespace/name`, or the name that its own is generated from. */
  readonly pod: string
  readonly dryRun: boolean
  readonly reason: Mutation['reason']
  readonly policy?: string
}

/** Answers one request. What is wrong with it gives 400; what is wrong with us is thrown. */
export async function route({ method, path, body }: Request, lookup: Lookup): Promise<Response> {
  if (path === '/livez') return plain(200, 'ok')
  if (path !== mutatePodPath) return plain(404, `nothing is at this path; pods go to ${mutatePodPath}`)
  if (method !== 'POST') return plain(405, `found ${method}, expected POST`)
  try {
    return await admit(readReview(body), lookup)
  } catch (error) {
    if (error instanceof ReviewError) return plain(400, error.message)
    throw error
  }
}

async function admit(request: AdmissionRequest, lookup: Lookup): Promise<Response> {
  const { kind, operation, namespace, dryRun } = request
  // The configuration asks for nothing else; whoever edits it by hand gets a harmless answer.
  if (kind.kind !== 'Pod' || kind.group !== '' || operation !== 'CREATE')
    return json(answer(request, { reason: 'NotSelected', patch: [], warnings: [] }))
  const pod = podOf(request)
  const mutation = mutatePod(pod, await lookup(pod, namespace))
  const { reason, policy } = mutation
  return {
    ...json(answer(request, mutation)),
    admission: {
      pod: qualifiedName({ ...pod.metadata, namespace }),
      dryRun,
      reason,
      ...(policy === undefined ? {} : { policy }),
    },
  }
}

function json(value: unknown): Response {
  return { status: 200, contentType: 'application/json', body: JSON.stringify(value) }
}

function plain(status: number, text: string): Response {
  return { status, contentType: 'text/plain', body: `${text}\n` }
}
