import type { ObjectMeta } from './object-meta.ts'

/** A Secret; the values of `data` are base64. */
export interface Secret {
  readonly apiVersion?: 'v1'
  readonly kind?: 'Secret'
  readonly metadata: ObjectMeta
  readonly type?: string
  readonly data?: Readonly<Record<string, string>>
}

/** The keys of a kubernetes.io/tls Secret. */
export const tlsCertificateKey = 'tls.crt'
export const tlsPrivateKeyKey = 'tls.key'
