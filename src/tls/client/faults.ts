import type { AlertName } from '../../wire/code-points.ts'

/**
 * Everything a server alone can do wrong, beside what both sides can (../fault.ts) and what may be wrong with its
 * certificates (../../x509/chain-fault.ts): the reason, the alert it gets, and
 * the clause of RFC 8446 (or another, named) that says so.
 */
export const serverFaults = {
  // ServerHello and HelloRetryRequest
  'server-version-unsupported': { alert: 'protocol_version', see: '§4.1.3, RFC 5246 §E.1' },
  'server-version-not-offered': { alert: 'illegal_parameter', see: '§4.2.1' },
  'legacy-version-wrong': { alert: 'protocol_version', see: 'RFC 9846 §4.2.3' },
  'session-id-not-echoed': { alert: 'illegal_parameter', see: '§4.1.3' },
  'suite-not-offered': { alert: 'illegal_parameter', see: '§4.1.3' },
  'compression-chosen': { alert: 'illegal_parameter', see: '§4.1.3' },
  'extension-misplaced': { alert: 'illegal_parameter', see: '§4.2' },
  'server-share-missing': { alert: 'missing_extension', see: '§4.2.8, §9.2' },
  'server-share-not-offered': { alert: 'illegal_parameter', see: '§4.2.8' },
  'psk-not-offered': { alert: 'illegal_parameter', see: '§4.2.11' },
  'psk-hash-differs': { alert: 'illegal_parameter', see: '§4.2.11' },
  'psk-without-share': { alert: 'illegal_parameter', see: '§4.2.9, §4.2.11' },
  'retry-twice': { alert: 'unexpected_message', see: '§4.1.4' },
  'retry-changes-nothing': { alert: 'illegal_parameter', see: '§4.1.4' },
  'retry-group-not-offered': { alert: 'illegal_parameter', see: '§4.2.8' },
  'retry-group-needless': { alert: 'illegal_parameter', see: '§4.2.8' },
  'retry-suite-differs': { alert: 'illegal_parameter', see: '§4.1.4' },
  'retry-version-differs': { alert: 'illegal_parameter', see: '§4.1.4' },
  // ServerHello of TLS 1.2
  'downgrade-signalled': { alert: 'illegal_parameter', see: '§4.1.3' },
  'renegotiation-info-missing': { alert: 'handshake_failure', see: 'RFC 5746 §3.4, §4.1' },
  'renegotiation-info-wrong': { alert: 'handshake_failure', see: 'RFC 5746 §3.4' },
  'extended-master-secret-missing': { alert: 'handshake_failure', see: 'RFC 7627 §5.2, §5.3' },
  'session-not-offered': { alert: 'illegal_parameter', see: 'RFC 5246 §7.4.1.3' },
  'session-of-another-suite': { alert: 'illegal_parameter', see: 'RFC 5246 §7.4.1.3' },
  // The rest of its flight
  'protocol-not-offered': { alert: 'illegal_parameter', see: 'RFC 7301 §3.1' },
  'suite-of-another-key': { alert: 'illegal_parameter', see: 'RFC 8422 §5.1.3, RFC 5246 §7.4.2' },
  'certificate-missing': { alert: 'decode_error', see: '§4.4.2.4' },
  'certificate-not-pinned': { alert: 'bad_certificate', see: '§4.4.2.4' },
  // After it
  'ticket-lifetime-too-long': { alert: 'illegal_parameter', see: '§4.6.1' },
} as const satisfies Record<string, { readonly alert: AlertName; readonly see: string }>

export type ServerFaultReason = keyof typeof serverFaults
