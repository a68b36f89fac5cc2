/** Why a TLS stream ended badly. */
export type TlsErrorCode =
  /** The peer did something wrong: `reason` says what, `alert` what it was told. */
  | 'ERR_TLS_FAULT'
  /** The peer refused us, by `alert`. */
  | 'ERR_TLS_ALERT'
  /** The transport ended without a close_notify: what came may not be all that was sent (RFC 8446 §6.1). */
  | 'ERR_TLS_TRUNCATED'
  /** The transport ended, or the time was up, before the handshake was over. */
  | 'ERR_TLS_HANDSHAKE'

/** What a TlsStream is destroyed with when it is TLS that went wrong. It never holds a peer's bytes, nor a secret. */
export class TlsError extends Error {
  readonly code: TlsErrorCode
  /** As RFC 8446 §6 calls it. */
  readonly alert: string | undefined
  readonly reason: string | undefined

  constructor(code: TlsErrorCode, message: string, { alert, reason }: { alert?: string; reason?: string } = {}) {
    super(message)
    this.name = 'TlsError'
    this.code = code
    this.alert = alert
    this.reason = reason
  }
}
