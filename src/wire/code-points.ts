/** Numbers of the IANA TLS registries that this implementation gives a meaning to. Unknown ones pass through unharmed. */

/** ContentType (RFC 8446 §5.1). */
export const contentType = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const

/** HandshakeType (RFC 8446 §4; those of TLS 1.2 alone: RFC 5246 §7.4). */
export const handshakeType = {
  helloRequest: 0,
  clientHello: 1,
  serverHello: 2,
  newSessionTicket: 4,
  encryptedExtensions: 8,
  certificate: 11,
  serverKeyExchange: 12,
  certificateRequest: 13,
  serverHelloDone: 14,
  certificateVerify: 15,
  clientKeyExchange: 16,
  finished: 20,
  keyUpdate: 24,
  compressedCertificate: 25, // RFC 8879
  messageHash: 254,
} as const

/** ExtensionType (RFC 8446 §4.2). */
export const extensionType = {
  serverName: 0,
  maxFragmentLength: 1, // RFC 6066
  supportedGroups: 10,
  pointFormats: 11, // RFC 8422; TLS 1.2 only
  signatureAlgorithms: 13,
  alpn: 16,
  padding: 21,
  extendedMasterSecret: 23, // RFC 7627; TLS 1.2 only
  compressCertificate: 27, // RFC 8879
  recordSizeLimit: 28, // RFC 8449
  sessionTicket: 35, // RFC 5077; TLS 1.2 only
  preSharedKey: 41,
  earlyData: 42,
  supportedVersions: 43,
  cookie: 44,
  pskKeyExchangeModes: 45,
  certificateAuthorities: 47,
  signatureAlgorithmsCert: 50,
  keyShare: 51,
  encryptedClientHello: 0xfe0d, // RFC 9849; never read, but it may change between two hellos
  renegotiationInfo: 0xff01, // RFC 5746; TLS 1.2 only
} as const

/** ProtocolVersion. */
export const version = { ssl3: 0x0300, tls12: 0x0303, tls13: 0x0304 } as const

/** TLS_FALLBACK_SCSV (RFC 7507): a suite that is none, by which a client says that it came down a version. */
export const fallbackSignal = 0x5600

/** TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746 §3.3): a suite that is none, and says the same as an empty renegotiation_info. */
export const renegotiationSignal = 0x00ff

/** AlertDescription (RFC 8446 §6). */
export const alertDescription = {
  close_notify: 0,
  unexpected_message: 10,
  bad_record_mac: 20,
  record_overflow: 22,
  handshake_failure: 40,
  bad_certificate: 42,
  unsupported_certificate: 43,
  certificate_revoked: 44,
  certificate_expired: 45,
  certificate_unknown: 46,
  illegal_parameter: 47,
  unknown_ca: 48,
  access_denied: 49,
  decode_error: 50,
  decrypt_error: 51,
  protocol_version: 70,
  insufficient_security: 71,
  internal_error: 80,
  inappropriate_fallback: 86,
  user_canceled: 90,
  no_renegotiation: 100,
  missing_extension: 109,
  unsupported_extension: 110,
  unrecognized_name: 112,
  bad_certificate_status_response: 113,
  unknown_psk_identity: 115,
  certificate_required: 116,
  general_error: 117, // RFC 9846 §6.2; heard, and never sent: there is always more to say
  no_application_protocol: 120,
} as const
export type AlertName = keyof typeof alertDescription

/** An alert's name, or `alert_<number>` for one that we do not know. */
export function alertName(description: number): string {
  const known = Object.entries(alertDescription).find(([, number]) => number === description)
  return known?.[0] ?? `alert_${description}`
}
