import type { CurveName, SignatureName } from '../crypto/provider.ts'

/** Object identifiers of keys, signatures and extensions (RFC 3279, 4055, 5280, 5480, 8410). */
export const oid = {
  ecPublicKey: '1.2.840.10045.2.1',
  rsaEncryption: '1.2.840.113549.1.1.1',
  rsassaPss: '1.2.840.113549.1.1.10',
  ed25519: '1.3.101.112',
  commonName: '2.5.4.3',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  keyUsage: '2.5.29.15',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  anyExtendedKeyUsage: '2.5.29.37.0',
} as const

export const curveByOid: Readonly<Record<string, CurveName>> = {
  '1.2.840.10045.3.1.7': 'P-256',
  '1.3.132.0.34': 'P-384',
}
export const curveOid: Readonly<Record<CurveName, string>> = { 'P-256': '1.2.840.10045.3.1.7', 'P-384': '1.3.132.0.34' }

/** Signature algorithms of certificates that we verify. ECDSA's hash decides; the curve comes from the issuer's key. */
export const signatureByOid: Readonly<Record<string, SignatureName>> = {
  '1.2.840.10045.4.3.2': 'ECDSA-P256-SHA256',
  '1.2.840.10045.4.3.3': 'ECDSA-P384-SHA384',
  '1.3.101.112': 'Ed25519',
  '1.2.840.113549.1.1.11': 'RSA-PKCS1-SHA256',
  '1.2.840.113549.1.1.12': 'RSA-PKCS1-SHA384',
  '1.2.840.113549.1.1.13': 'RSA-PKCS1-SHA512',
}

/** RSA numbers longer than these are not calculated with: 8192 bits, and an exponent of 64. */
export const maxRsaBytes = 1024
export const maxExponentBytes = 8
