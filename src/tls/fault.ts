import { DecodeError } from '../bytes/decode-error.ts'
import type { AlertName } from '../wire/code-points.ts'
import { chainFaults, type ChainReason } from '../x509/chain-fault.ts'
import { serverFaults, type ServerFaultReason } from './client/faults.ts'

/**
 * Everything a client or either side can do wrong (what only a server can stands in client/faults.ts, what is wrong with
 * a certificate in x509/chain-fault.ts): the reason, the alert it gets, and the clause of RFC 8446 (or another, named)
 * that says so. A fault is thrown once, by its reason, and becomes an alert in conversation.ts, nowhere else.
 */
export const faults = {
  // Records
  'not-a-record': { alert: 'unexpected_message', see: '§5' },
  'ssl2-hello': { alert: 'protocol_version', see: 'RFC 6176 §3' },
  'record-version': { alert: 'protocol_version', see: '§5.1' },
  'record-too-long': { alert: 'record_overflow', see: '§5.1, §5.2' },
  'empty-fragment': { alert: 'unexpected_message', see: '§5.1, §5.4' },
  'too-many-empty-records': { alert: 'unexpected_message', see: '§5.1' },
  'bad-record': { alert: 'bad_record_mac', see: '§5.2' },
  'inner-content-type-missing': { alert: 'unexpected_message', see: '§5.4' },
  'inner-content-type-unknown': { alert: 'unexpected_message', see: '§5' },
  'unprotected-record': { alert: 'unexpected_message', see: '§5.2' },
  'application-data-too-early': { alert: 'unexpected_message', see: '§2' },
  'too-much-early-data': { alert: 'unexpected_message', see: '§4.2.10' },
  'change-cipher-spec-malformed': { alert: 'unexpected_message', see: '§5, RFC 5246 §7.1' },
  'change-cipher-spec-misplaced': { alert: 'unexpected_message', see: '§5, RFC 5246 §7.1' },
  'too-many-change-cipher-specs': { alert: 'unexpected_message', see: '§5' },
  'read-key-exhausted': { alert: 'unexpected_message', see: '§5.5' },
  'too-many-warnings': { alert: 'unexpected_message', see: '§6.1, RFC 5246 §7.2.2' },
  'alert-level-unknown': { alert: 'illegal_parameter', see: '§6, RFC 5246 §7.2' },
  'error-alert-as-warning': { alert: 'decode_error', see: '§6.2' },
  // Messages
  'malformed-message': { alert: 'decode_error', see: '§6.2' },
  'message-too-long': { alert: 'illegal_parameter', see: '§4' },
  'message-interrupted': { alert: 'unexpected_message', see: '§5.1' },
  'message-across-keys': { alert: 'unexpected_message', see: '§5.1' },
  'message-out-of-order': { alert: 'unexpected_message', see: '§4' },
  // ClientHello
  'version-unsupported': { alert: 'protocol_version', see: '§4.2.1' },
  'version-ancient': { alert: 'protocol_version', see: '§D.5' },
  'fallback-needless': { alert: 'inappropriate_fallback', see: 'RFC 7507 §3' },
  'compression-offered': { alert: 'illegal_parameter', see: '§4.1.2' },
  // The RFC names no alert; BoringSSL and rustls take it for bad syntax.
  'extension-twice': { alert: 'decode_error', see: '§4.2' },
  'no-common-suite': { alert: 'handshake_failure', see: '§4.1.1' },
  'no-common-group': { alert: 'handshake_failure', see: '§4.1.1' },
  'no-suitable-credential': { alert: 'handshake_failure', see: '§4.4.2.2' },
  'signature-algorithms-missing': { alert: 'missing_extension', see: '§9.2' },
  'supported-groups-missing': { alert: 'missing_extension', see: '§9.2' },
  'key-share-missing': { alert: 'missing_extension', see: '§9.2' },
  'key-share-twice': { alert: 'illegal_parameter', see: '§4.2.8' },
  'key-share-not-offered': { alert: 'illegal_parameter', see: '§4.2.8' },
  'key-share-invalid': { alert: 'illegal_parameter', see: '§4.2.8, §7.4' },
  'server-name-twice': { alert: 'illegal_parameter', see: 'RFC 6066 §3' },
  'server-name-illegal': { alert: 'illegal_parameter', see: 'RFC 6066 §3' },
  // TLS 1.2 has no such alert, and answers as to an unknown name.
  'server-name-missing': { alert: 'missing_extension', see: '§9.2' },
  'server-name-unknown': { alert: 'unrecognized_name', see: 'RFC 6066 §3' },
  'no-common-protocol': { alert: 'no_application_protocol', see: 'RFC 7301 §3.2' },
  'record-size-limit-too-small': { alert: 'illegal_parameter', see: 'RFC 8449 §4' },
  'max-fragment-length-unknown': { alert: 'illegal_parameter', see: 'RFC 6066 §4' },
  'certificate-compression-twice': { alert: 'illegal_parameter', see: 'RFC 8879 §3' },
  'pre-shared-key-not-last': { alert: 'illegal_parameter', see: '§4.2.11' },
  'psk-modes-missing': { alert: 'missing_extension', see: '§4.2.9' },
  'psk-binders-mismatch': { alert: 'illegal_parameter', see: '§4.2.11' },
  'psk-binder-short': { alert: 'decode_error', see: '§4.2.11' },
  'psk-binder-mismatch': { alert: 'decrypt_error', see: '§4.2.11' },
  'second-hello-differs': { alert: 'illegal_parameter', see: '§4.1.2' },
  'second-hello-wrong-share': { alert: 'illegal_parameter', see: '§4.2.8' },
  'second-hello-early-data': { alert: 'illegal_parameter', see: '§4.2.10' },
  // ClientHello of TLS 1.2
  'compression-null-missing': { alert: 'illegal_parameter', see: 'RFC 5246 §7.4.1.2' },
  'renegotiation-info-not-empty': { alert: 'handshake_failure', see: 'RFC 5746 §3.6' },
  'point-format-missing': { alert: 'illegal_parameter', see: 'RFC 8422 §5.1.2' },
  'resumed-without-extended-master-secret': { alert: 'handshake_failure', see: 'RFC 7627 §5.3' },
  // A peer's Certificate and CertificateVerify
  'no-certificate-in-tls12': { alert: 'handshake_failure', see: 'RFC 5246 §7.4.6' },
  'request-context-not-empty': { alert: 'illegal_parameter', see: '§4.3.2, §4.4.2' },
  'extension-not-offered': { alert: 'unsupported_extension', see: '§4.2' },
  'signature-scheme-not-offered': { alert: 'illegal_parameter', see: '§4.4.3' },
  'signature-scheme-of-another-key': { alert: 'illegal_parameter', see: '§4.4.3' },
  'signature-wrong': { alert: 'decrypt_error', see: '§4.4.3' },
  // After it
  'client-share-invalid': { alert: 'illegal_parameter', see: 'RFC 8422 §5.11' },
  'finished-length': { alert: 'decode_error', see: '§4.4.4, RFC 5246 §7.4.9' },
  'finished-mismatch': { alert: 'decrypt_error', see: '§4.4.4, RFC 5246 §7.4.9' },
  'key-update-request-unknown': { alert: 'illegal_parameter', see: '§4.6.3' },
  'too-many-key-updates': { alert: 'unexpected_message', see: '§4.6.3' },
  'too-many-renegotiations': { alert: 'unexpected_message', see: 'RFC 5246 §7.2.2' },
} as const satisfies Record<string, { readonly alert: AlertName; readonly see: string }>

export type FaultReason = keyof typeof faults

/** A reason of any of the three tables: what a client or either side does wrong, what a server does, and its certificates. */
export type AnyReason = FaultReason | ServerFaultReason | ChainReason

/** What the peer did wrong. `detail` is for the debug log: it says where, and never quotes the peer's bytes. */
export class Fault extends Error {
  readonly reason: AnyReason
  readonly detail: string | undefined

  constructor(reason: AnyReason, detail?: string) {
    super(detail === undefined ? reason : `${reason}: ${detail}`)
    this.name = 'Fault'
    this.reason = reason
    this.detail = detail
  }

  get alert(): AlertName {
    return { ...faults, ...serverFaults, ...chainFaults }[this.reason].alert
  }
}

export function fault(reason: AnyReason, detail?: string): Fault {
  return new Fault(reason, detail)
}

/** What the peer hears of an error, and what we note: a fault of ours is internal_error, and no concern of the peer's. */
export function describeFailure(error: unknown): { alert: AlertName; reason: string; detail: string | undefined } {
  if (error instanceof Fault) return { alert: error.alert, reason: error.reason, detail: error.detail }
  // A decoder says where and why; it never quotes bytes.
  if (error instanceof DecodeError) return { alert: 'decode_error', reason: 'malformed-message', detail: error.message }
  return {
    alert: 'internal_error',
    reason: 'internal-error',
    detail: error instanceof Error ? error.message : undefined,
  }
}
