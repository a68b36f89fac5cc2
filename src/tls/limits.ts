/** What a peer may make us do, at most. Every length has a limit before it has a loop. */
export interface Limits {
  /**
   * A ClientHello's body, in bytes: as many as one can have that keeps to RFC 8446 §4.1.2, with every vector full.
   * (OpenSSL's servers have the same limit; a hello with two post-quantum shares has some 3 000.)
   */
  readonly clientHelloBytes: number
  /** That of any other handshake message: certificates cost more to read, and reach further with less. */
  readonly handshakeMessageBytes: number
  /**
   * That of a message which a server hears behind the handshake: a KeyUpdate of one byte, or a hello that would renegotiate. A
   * connection that is open may stay for long, and so may one that it has begun.
   */
  readonly lateMessageBytes: number
  /** Records without content in a row. */
  readonly emptyRecords: number
  /** change_cipher_spec records in one handshake; RFC 8446 §D.4 has clients send one. */
  readonly changeCipherSpecs: number
  /** KeyUpdates in a row without application data between them. */
  readonly keyUpdates: number
  /** KeyUpdates of our own, answers included: RFC 9846 §4.7.3 lets a sender have 2^48 - 1, and a receiver not count them. */
  readonly keyUpdatesSent: number
  /** Alerts in a row that do not end the connection (RFC 8446 §6.1: user_canceled; RFC 5246 §7.2.2: any warning). */
  readonly warnings: number
  /** TLS 1.2's requests to renegotiate that are refused without ending the connection. */
  readonly renegotiations: number
  /** Bytes of refused early data that are skipped (RFC 8446 §4.2.10): as many as OpenSSL's servers invite, who may have been here before us. */
  readonly earlyDataBytes: number
  /** Bytes kept while a client's certificate is judged, should its driver go on reading. */
  readonly waitingBytes: number
  /**
   * Records under one key before we send a KeyUpdate. RFC 8446 §5.5 allows AES-GCM 2^24.5 full-size records; ChaCha20
   * has no such bound, and takes the same.
   */
  readonly recordsPerKey: number
}

export const defaultLimits: Limits = {
  clientHelloBytes: 131_396,
  handshakeMessageBytes: 65_536,
  lateMessageBytes: 8192,
  emptyRecords: 32,
  changeCipherSpecs: 4,
  keyUpdates: 32,
  keyUpdatesSent: 2 ** 48 - 1,
  warnings: 4,
  renegotiations: 4,
  earlyDataBytes: 16_384,
  waitingBytes: 131_072,
  recordsPerKey: 2 ** 24,
}
