import type { AeadName, GroupName, HashName, ProviderName, SignatureName } from '../../crypto/provider.ts'
import { schemeIds } from '../suites.ts'

/** What of TLS 1.2 is left when ECDHE and an AEAD are asked for, in code points and in the names of crypto. */

export interface Tls12Suite {
  readonly name: Tls12SuiteName
  readonly id: number
  /** What the server's certificate has to sign with: Ed25519 counts as ECDSA (RFC 8422 §5.1.3). */
  readonly signature: 'ECDSA' | 'RSA'
  readonly aead: AeadName
  /** That of the PRF, and so of Finished. */
  readonly hash: HashName
}

export type Tls12SuiteName = keyof typeof tls12Suites

/** RFC 5289 §3.2, RFC 7905 §2. */
export const tls12Suites = {
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: {
    name: 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
    id: 0xc02b,
    signature: 'ECDSA',
    aead: 'AES-128-GCM',
    hash: 'SHA-256',
  },
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: {
    name: 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
    id: 0xc02c,
    signature: 'ECDSA',
    aead: 'AES-256-GCM',
    hash: 'SHA-384',
  },
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: {
    name: 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
    id: 0xcca9,
    signature: 'ECDSA',
    aead: 'ChaCha20-Poly1305',
    hash: 'SHA-256',
  },
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: {
    name: 'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
    id: 0xc02f,
    signature: 'RSA',
    aead: 'AES-128-GCM',
    hash: 'SHA-256',
  },
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: {
    name: 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
    id: 0xc030,
    signature: 'RSA',
    aead: 'AES-256-GCM',
    hash: 'SHA-384',
  },
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: {
    name: 'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
    id: 0xcca8,
    signature: 'RSA',
    aead: 'ChaCha20-Poly1305',
    hash: 'SHA-256',
  },
} as const satisfies Record<string, Omit<Tls12Suite, 'name'> & { readonly name: string }>

const chachaFirst = [
  'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
  'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
] as const satisfies readonly Tls12SuiteName[]

/** The order a provider serves fastest, as for TLS 1.3. */
export const preferredTls12Suites: Readonly<Record<ProviderName, readonly Tls12SuiteName[]>> = {
  noble: chachaFirst,
  wasm: chachaFirst,
  native: [...chachaFirst.slice(2), ...chachaFirst.slice(0, 2)],
}

/** The groups of TLS 1.2; the hybrids with ML-KEM are for 1.3 alone (draft-ietf-tls-ecdhe-mlkem §3). */
export function isTls12Group(group: GroupName): boolean {
  return group === 'X25519' || group === 'P-256' || group === 'P-384'
}

/** TLS 1.3's schemes, and RSA with PKCS #1 v1.5, which TLS 1.2 still signs with (RFC 8446 §4.2.3). */
export const tls12SchemeIds = {
  ...schemeIds,
  'RSA-PKCS1-SHA256': { id: 0x0401, name: 'rsa_pkcs1_sha256' },
  'RSA-PKCS1-SHA384': { id: 0x0501, name: 'rsa_pkcs1_sha384' },
  'RSA-PKCS1-SHA512': { id: 0x0601, name: 'rsa_pkcs1_sha512' },
} as const satisfies Partial<Record<SignatureName, { id: number; name: string }>>

export type Tls12SignatureName = keyof typeof tls12SchemeIds

export function isTls12Signature(name: SignatureName): name is Tls12SignatureName {
  return name in tls12SchemeIds
}
