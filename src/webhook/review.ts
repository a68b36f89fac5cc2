import type { AdmissionRequest, AdmissionResponse, AdmissionReview } from '../api/admission.ts'
import { describe, isObject } from '../api/fields.ts'
import type { Pod } from '../api/pod.ts'
import type { Mutation } from './mutate-pod.ts'

/** Thrown for a request that is not an AdmissionReview; says what was found and what was expected. */
export class ReviewError extends Error {
  override readonly name = 'ReviewError'
}

/** Reads the request of an AdmissionReview. Throws ReviewError. */
export function readReview(text: string): AdmissionRequest {
  let review: unknown
  try {
    review = JSON.parse(text)
  } catch {
    throw new ReviewError(`found ${text.length} characters, expected JSON`)
  }
  if (!isObject(review) || review['apiVersion'] !== 'admission.k8s.io/v1' || review['kind'] !== 'AdmissionReview')
    throw new ReviewError(`found ${describe(review)}, expected an AdmissionReview of admission.k8s.io/v1`)
  const request = review['request']
  if (!isObject(request)) throw new ReviewError(`request: found ${describe(request)}, expected an object`)
  const { uid, kind, namespace, name, operation, dryRun, object } = request
  if (typeof uid !== 'string' || uid === '') throw new ReviewError(`request.uid: found ${describe(uid)}, expected text`)
  if (!isObject(kind)) throw new ReviewError(`request.kind: found ${describe(kind)}, expected an object`)
  if (operation !== 'CREATE' && operation !== 'UPDATE' && operation !== 'DELETE' && operation !== 'CONNECT')
    throw new ReviewError(`request.operation: found ${describe(operation)}, expected an operation`)
  return {
    uid,
    kind: { group: textOf(kind['group']), version: textOf(kind['version']), kind: textOf(kind['kind']) },
    namespace: textOf(namespace),
    name: textOf(name),
    operation,
    dryRun: dryRun === true,
    object,
  }
}

/** The pod of a request. Throws ReviewError where it is none that we could read. */
export function podOf({ object }: AdmissionRequest): Pod {
  if (!isObject(object)) throw wrong('', object)
  const { metadata, spec } = object
  if (!isObject(metadata)) throw wrong('.metadata', metadata)
  if (!isObject(spec)) throw wrong('.spec', spec)
  const { containers } = spec
  if (!Array.isArray(containers) || !containers.every((one) => isObject(one)))
    throw wrong('.spec.containers', containers)
  return object as unknown as Pod // the API server has validated the rest by its own schema
}

/** The review that answers a request: always `allowed`, for a pod is never refused. */
export function answer(request: AdmissionRequest, mutation: Mutation): AdmissionReview {
  const { patch, warnings, policy, reason } = mutation
  const response: AdmissionResponse = {
    uid: request.uid,
    allowed: true,
    ...(patch.length === 0 ? {} : { patchType: 'JSONPatch', patch: base64(JSON.stringify(patch)) }),
    ...(warnings.length === 0 ? {} : { warnings }),
    auditAnnotations: { reason, ...(policy === undefined ? {} : { policy }) },
  }
  return { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response }
}

function wrong(where: string, found: unknown): ReviewError {
  return new ReviewError(`request.object${where}: found ${describe(found)}, expected that of a Pod`)
}

/** The empty text stands for a field that is not there. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64')
}
