/** What requests have in common, and what their answers must have. */
import { fieldManager } from '../api/names.ts'
import type { CallOptions, DeleteOptions, ReadOptions, Selection, WriteOptions } from './calls.ts'
import { KubeError } from './kube-error.ts'
import type { KubeObject, ResourceType } from './resource.ts'

/** In which form the answer is asked for. */
// No `application/json` behind it: a server that cannot reduce Secrets to metadata must refuse, not send them whole.
export function accept(
  { metadataOnly }: ReadOptions,
  as: 'PartialObjectMetadata' | 'PartialObjectMetadataList',
): string {
  return metadataOnly === true ? `application/json;as=${as};g=meta.k8s.io;v=v1` : 'application/json'
}

/** Which objects of a kind are meant. */
export function selectors({ labelSelector, fieldSelector }: Selection): Record<string, string | undefined> {
  return { labelSelector, fieldSelector }
}

/** When a call is to be over. */
export function deadlines({ signal, timeoutMs }: CallOptions): CallOptions {
  return timeoutMs === undefined ? { signal } : { signal, timeoutMs }
}

/** In whose name something is written, and how earnestly. */
export function writeQuery(options: WriteOptions): Record<string, string | undefined> {
  return {
    fieldManager: options.fieldManager ?? fieldManager,
    dryRun: options.dryRun === true ? 'All' : undefined,
    fieldValidation: options.fieldValidation,
  }
}

/** The body of a DELETE. */
export function deleteOptions(options: DeleteOptions): Record<string, unknown> {
  const { uid, resourceVersion, propagationPolicy, gracePeriodSeconds, dryRun } = options
  const preconditions = uid === undefined && resourceVersion === undefined ? undefined : { uid, resourceVersion }
  return {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    preconditions,
    propagationPolicy,
    gracePeriodSeconds,
    dryRun: dryRun === true ? ['All'] : undefined,
  }
}

/** Items of a list come without apiVersion and kind, metadata-only ones with another kind: say what they are. */
export function typed(type: ResourceType, object: unknown): KubeObject {
  if (typeof object !== 'object' || object === null || !('metadata' in object))
    throw malformed(`what should be a ${type.kind} has no metadata`)
  // The API server has validated the object against its kind's schema; what the schema leaves open is parsed later.
  return { ...object, apiVersion: type.apiVersion, kind: type.kind } as KubeObject
}

/** An answer that makes no sense. */
export function malformed(message: string): KubeError {
  return new KubeError({ status: 0, reason: 'Malformed', message })
}
