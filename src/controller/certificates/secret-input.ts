/** A Secret as it was fetched, and what is read from it. */
import { tlsCertificateKey, tlsPrivateKeyKey } from '../../api/secret.ts'
import type { CertificateStatus } from '../../api/tls-policy-status.ts'
import { decodeBase64 } from '../../bytes/base64.ts'
import type { CryptoProvider } from '../../crypto/provider.ts'
import type { Credential } from '../../x509/credential.ts'
import { IssueError } from '../../x509/issue.ts'
import { passedCredentialPem } from '../../x509/served-credential.ts'

/** `data` (base64) is left out where there is no such Secret, or where it may not be read; then `denied` says why. */
export interface SecretInput {
  readonly namespace: string
  readonly name: string
  readonly resourceVersion?: string
  readonly data?: Readonly<Record<string, string>>
  readonly denied?: string
}

/** Chain and key of a Secret of type kubernetes.io/tls. Throws IssueError, with the reason. */
export function readCredential(secret: SecretInput, crypto: CryptoProvider): Credential {
  return passedCredentialPem(pem(secret, tlsCertificateKey), pem(secret, tlsPrivateKeyKey), crypto)
}

/** `namespace/name` */
export function secretKey({ namespace, name }: SecretInput): string {
  return `${namespace}/${name}`
}

/** As the status names it. */
export function reference({ namespace, name, resourceVersion }: SecretInput): CertificateStatus['secret'] {
  return resourceVersion === undefined ? { namespace, name } : { namespace, name, resourceVersion }
}

export function fromBase64(text: string): Uint8Array | undefined {
  try {
    return decodeBase64(text)
  } catch {
    return undefined
  }
}

function pem({ data = {}, ...secret }: SecretInput, field: string): string {
  const value = data[field]
  if (value === undefined || value === '') throw new IssueError('MalformedPEM', `it has no ${field}`)
  const bytes = fromBase64(value)
  if (bytes === undefined) throw new IssueError('MalformedPEM', `${field} of ${secret.name} is not base64`)
  return new TextDecoder('latin1').decode(bytes)
}
