import type { ObjectMeta } from './object-meta.ts'

/** A ConfigMap. */
export interface ConfigMap {
  readonly apiVersion?: 'v1'
  readonly kind?: 'ConfigMap'
  readonly metadata: ObjectMeta
  readonly data?: Readonly<Record<string, string>>
  readonly binaryData?: Readonly<Record<string, string>>
}
