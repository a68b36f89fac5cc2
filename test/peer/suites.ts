import type { Cipher, HashAlgorithm } from './primitives.ts'

export interface PeerSuite {
  readonly cipher: Cipher
  readonly hash: HashAlgorithm
}

/** The suites of TLS 1.3 (RFC 8446 §B.4), and those of TLS 1.2 that we speak (RFC 5289, RFC 7905). */
export const suiteByNumber: Readonly<Record<number, PeerSuite>> = {
  0x1301: { cipher: 'aes-128-gcm', hash: 'sha256' },
  0x1302: { cipher: 'aes-256-gcm', hash: 'sha384' },
  0x1303: { cipher: 'chacha20-poly1305', hash: 'sha256' },
  0xc02b: { cipher: 'aes-128-gcm', hash: 'sha256' },
  0xc02f: { cipher: 'aes-128-gcm', hash: 'sha256' },
  0xc02c: { cipher: 'aes-256-gcm', hash: 'sha384' },
  0xc030: { cipher: 'aes-256-gcm', hash: 'sha384' },
  0xcca9: { cipher: 'chacha20-poly1305', hash: 'sha256' },
  0xcca8: { cipher: 'chacha20-poly1305', hash: 'sha256' },
}

export const modernSuites = [0x1301, 0x1302, 0x1303] as const
export const olderSuites = [0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8] as const
