import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CryptoProvider, CurveName, PrivateKey, PublicKey } from '../../src/crypto/provider.ts'
import type { ServerCredential } from '../../src/tls/config.ts'

export type CredentialKind = 'ed25519' | 'p256' | 'p384' | 'rsa'

/**
 * A credential of test/vectors/credentials. It is parsed by node:crypto, so that the engine's tests do not hang on our
 * own X.509 code.
 */
export function testCredential(kind: CredentialKind, crypto: CryptoProvider): ServerCredential {
  const certificate = new X509Certificate(read(`${kind}.pem`))
  const privateKey = asNumbers(read(`${kind}.key`))
  return {
    chain: [new Uint8Array(certificate.raw)],
    privateKey,
    publicKey: publicHalf(privateKey),
    fingerprint: createHash('sha256').update(certificate.raw).digest('hex'),
    names: ['shop.example.com', '*.shop.example.com'],
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
    signingKey: crypto.signingKey(privateKey),
  }
}

function read(name: string): string {
  return readFileSync(join(import.meta.dirname, '..', 'vectors', 'credentials', name), 'utf8')
}

function asNumbers(pem: string): PrivateKey {
  const jwk = createPrivateKey(pem).export({ format: 'jwk' }) as Record<string, string>
  const part = (name: string): Uint8Array => new Uint8Array(Buffer.from(jwk[name] ?? '', 'base64url'))
  if (jwk['kty'] === 'OKP') return { kind: 'ed25519', seed: part('d'), publicKey: part('x') }
  if (jwk['kty'] === 'EC') {
    const point = Uint8Array.of(4, ...part('x'), ...part('y'))
    return { kind: 'ecdsa', curve: jwk['crv'] as CurveName, scalar: part('d'), point }
  }
  const crt = { p: part('p'), q: part('q'), dp: part('dp'), dq: part('dq'), qi: part('qi') }
  return { kind: 'rsa', n: part('n'), e: part('e'), d: part('d'), ...crt }
}

function publicHalf(key: PrivateKey): PublicKey {
  if (key.kind === 'ed25519') return { kind: 'ed25519', publicKey: key.publicKey }
  if (key.kind === 'ecdsa') return { kind: 'ecdsa', curve: key.curve, point: key.point }
  return { kind: 'rsa', n: key.n, e: key.e }
}
