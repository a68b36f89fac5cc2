import type { AlertName } from '../wire/code-points.ts'

/**
 * Why a peer's certificate is not believed, what it is told (RFC 8446 §6.2), and the clause that says so (RFC 5280, or
 * another that is named). `code` is OpenSSL's number for it (X509_V_ERR_…), in which HAProxy tells upstreams; 1 where it
 * has none. The table is the document; chain.ts gives these reasons, and nobody else does.
 */
export const chainFaults = {
  'no-certificate': { alert: 'certificate_required', code: 1, see: 'RFC 8446 §4.4.2.4' },
  malformed: { alert: 'bad_certificate', code: 1, see: '§4.1' },
  'unsupported-key': { alert: 'unsupported_certificate', code: 6, see: 'RFC 8446 §6.2' },
  'weak-key': { alert: 'bad_certificate', code: 66, see: 'RFC 9325 §4.5' },
  // Also SHA-1 and MD5, where RFC 8446 §4.4.2.4 asks for this alert.
  'unsupported-signature': { alert: 'bad_certificate', code: 76, see: '§4.1.1.2' },
  'bad-signature': { alert: 'bad_certificate', code: 7, see: '§6.1.3 (a)(1)' },
  expired: { alert: 'certificate_expired', code: 10, see: '§6.1.3 (a)(2)' },
  // RFC 8446 §6.2: "has expired or is not currently valid".
  'not-yet-valid': { alert: 'certificate_expired', code: 9, see: '§6.1.3 (a)(2)' },
  revoked: { alert: 'certificate_revoked', code: 23, see: '§6.1.3 (a)(3)' },
  'revocation-unknown': { alert: 'certificate_unknown', code: 3, see: '§6.3.3' },
  'unknown-issuer': { alert: 'unknown_ca', code: 20, see: '§6.1.3 (a)(4)' },
  'issuer-not-authority': { alert: 'unknown_ca', code: 79, see: '§6.1.4 (k)' },
  'issuer-may-not-certify': { alert: 'unknown_ca', code: 32, see: '§6.1.4 (n)' },
  'path-too-long': { alert: 'unknown_ca', code: 25, see: '§6.1.4 (m)' },
  'too-many-intermediates': { alert: 'unknown_ca', code: 22, see: '§6.1' },
  'too-much-work': { alert: 'certificate_unknown', code: 1, see: '§8' },
  'name-forbidden': { alert: 'certificate_unknown', code: 47, see: '§6.1.3 (b), (c)' },
  'critical-extension-unknown': { alert: 'unsupported_certificate', code: 34, see: '§6.1.4 (o), §6.1.5 (f)' },
  'policy-demanded': { alert: 'unsupported_certificate', code: 43, see: '§4.2.1.11' },
  'wrong-purpose': { alert: 'unsupported_certificate', code: 26, see: '§4.2.1.12' },
  'may-not-sign': { alert: 'unsupported_certificate', code: 39, see: 'RFC 8446 §4.4.2.2' },
  'name-mismatch': { alert: 'bad_certificate', code: 62, see: 'RFC 9525 §6' },
} as const satisfies Record<string, { readonly alert: AlertName; readonly code: number; readonly see: string }>

export type ChainReason = keyof typeof chainFaults

/** A certificate is refused. `detail` is for logs: it names certificates by their subject. */
export interface Refusal {
  readonly refused: ChainReason
  readonly alert: AlertName
  readonly detail: string
}

export function refusal(reason: ChainReason, detail: string): Refusal {
  return { refused: reason, alert: chainFaults[reason].alert, detail }
}
