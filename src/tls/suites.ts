import type { AeadName, GroupName, HashName, ProviderName, SignatureName } from '../crypto/provider.ts'

/** Where code points meet the names of crypto: cipher suites, groups and signature schemes (RFC 8446 §B.3, §B.4). */

export interface Suite {
  readonly name: SuiteName
  readonly id: number
  readonly aead: AeadName
  readonly hash: HashName
}

export type SuiteName = 'TLS_AES_128_GCM_SHA256' | 'TLS_AES_256_GCM_SHA384' | 'TLS_CHACHA20_POLY1305_SHA256'

export const suites = {
  TLS_AES_128_GCM_SHA256: { name: 'TLS_AES_128_GCM_SHA256', id: 0x1301, aead: 'AES-128-GCM', hash: 'SHA-256' },
  TLS_AES_256_GCM_SHA384: { name: 'TLS_AES_256_GCM_SHA384', id: 0x1302, aead: 'AES-256-GCM', hash: 'SHA-384' },
  TLS_CHACHA20_POLY1305_SHA256: {
    name: 'TLS_CHACHA20_POLY1305_SHA256',
    id: 0x1303,
    aead: 'ChaCha20-Poly1305',
    hash: 'SHA-256',
  },
} as const satisfies Record<SuiteName, Suite>

/**
 * The order a provider serves fastest: ChaCha20 is quicker than AES in JavaScript and in WebAssembly, where neither finds
 * AES's own instructions, and constant-time AES is bitsliced.
 */
export const preferredSuites = {
  noble: ['TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384'],
  wasm: ['TLS_CHACHA20_POLY1305_SHA256', 'TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384'],
  native: ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'],
} as const satisfies Record<ProviderName, readonly SuiteName[]>

/** NamedGroup (RFC 8446 §4.2.7, draft-ietf-tls-ecdhe-mlkem §6). */
export const groupIds = {
  'P-256': 0x0017,
  'P-384': 0x0018,
  X25519: 0x001d,
  SecP256r1MLKEM768: 0x11eb,
  X25519MLKEM768: 0x11ec,
} as const satisfies Record<GroupName, number>

/** Whether the group withstands a quantum computer. */
export function isHybrid(group: GroupName): boolean {
  return group === 'X25519MLKEM768' || group === 'SecP256r1MLKEM768'
}

export const schemeIds = {
  'ECDSA-P256-SHA256': { id: 0x0403, name: 'ecdsa_secp256r1_sha256' },
  'ECDSA-P384-SHA384': { id: 0x0503, name: 'ecdsa_secp384r1_sha384' },
  Ed25519: { id: 0x0807, name: 'ed25519' },
  'RSA-PSS-SHA256': { id: 0x0804, name: 'rsa_pss_rsae_sha256' },
  'RSA-PSS-SHA384': { id: 0x0805, name: 'rsa_pss_rsae_sha384' },
  'RSA-PSS-SHA512': { id: 0x0806, name: 'rsa_pss_rsae_sha512' },
} as const satisfies Partial<Record<SignatureName, { id: number; name: string }>>

/** The schemes that TLS 1.3 allows in a CertificateVerify; PKCS#1 v1.5 is not among them (RFC 8446 §4.2.3). */
export type HandshakeSignatureName = keyof typeof schemeIds

export function isHandshakeSignature(name: SignatureName): name is HandshakeSignatureName {
  return name in schemeIds
}
