/** Why a certificate or key cannot be served, or should not be. The reasons reach conditions, events, logs and metrics unchanged. */
export type IssueReason =
  | 'MalformedPEM'
  | 'MalformedCertificate'
  | 'MalformedCRL'
  | 'MalformedKey'
  | 'UnsupportedKey'
  | 'KeyMismatch'
  | 'Expired'
  | 'NotYetValid'
  | 'SANMismatch'
  | 'IncompleteChain'
  | 'ChainOrder'
  | 'WeakKey'
  | 'WrongUsage'

/** An error holds the certificate back; a warning is told, and the certificate served. */
export interface Issue {
  readonly reason: IssueReason
  readonly severity: 'error' | 'warning'
  readonly message: string
}

/** Thrown where there is nothing that could be served at all. The message never holds key material. */
export class IssueError extends Error {
  readonly reason: IssueReason

  constructor(reason: IssueReason, message: string) {
    super(message)
    this.name = 'IssueError'
    this.reason = reason
  }
}
