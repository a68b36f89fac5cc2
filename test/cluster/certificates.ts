/** Certificates for tests: the cluster's own, and the good and bad ones that users put into Secrets. */
// oxlint-disable-next-line import/no-unassigned-import -- it must have run before tsyringe loads
import '../../src/controller/webhook-configuration/reflect-metadata.ts'
import { createHash, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'

/** A certificate and its key, as PEM. */
export interface Pair {
  readonly certificate: string
  readonly key: string
  /** SHA-256 of the certificate, as hex. */
  readonly fingerprint: string
}

/** What a leaf should say. */
export interface LeafRequest {
  /** As in `O=system:masters, CN=admin`; names alone make do elsewhere. */
  readonly subject?: string
  readonly names?: readonly string[]
  readonly kind?: 'ecdsa' | 'rsa'
  readonly notBefore?: Date
  readonly notAfter?: Date
}

const day = 86_400_000
const algorithms = {
  ecdsa: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  rsa: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', publicExponent: new Uint8Array([1, 0, 1]), modulusLength: 2048 },
} as const

/** A certificate authority that lives as long as a test. */
export class Authority {
  readonly certificate: string
  readonly key: string
  /** The keys of all its leaves, as PEM. */
  readonly issuedKeys: string[] = []
  readonly #issuer: x509.X509Certificate
  readonly #signingKey: webcrypto.CryptoKey

  private constructor(issuer: x509.X509Certificate, signingKey: webcrypto.CryptoKey, key: string) {
    this.#issuer = issuer
    this.#signingKey = signingKey
    this.certificate = issuer.toString('pem')
    this.key = key
  }

  static async create(name: string): Promise<Authority> {
    const keys = await generate('ecdsa')
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: `CN=${name}`,
      keys,
      notBefore: new Date(Date.now() - day),
      notAfter: new Date(Date.now() + 365 * day),
      signingAlgorithm: algorithms.ecdsa,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    })
    return new Authority(certificate, keys.privateKey, await keyPem(keys.privateKey))
  }

  /** A leaf of this authority. */
  async issue(request: LeafRequest): Promise<Pair> {
    const kind = request.kind ?? 'ecdsa'
    const keys = await generate(kind)
    const names = (request.names ?? []).map((value) => ({
      type: /^[\d.]+$|:/.test(value) ? ('ip' as const) : ('dns' as const),
      value,
    }))
    const { serverAuth, clientAuth } = x509.ExtendedKeyUsage
    const certificate = await x509.X509CertificateGenerator.create({
      subject: request.subject ?? `CN=${request.names?.[0] ?? 'leaf'}`,
      issuer: this.#issuer.subject,
      publicKey: keys.publicKey,
      signingKey: this.#signingKey,
      signingAlgorithm: algorithms.ecdsa,
      notBefore: request.notBefore ?? new Date(Date.now() - day / 24),
      notAfter: request.notAfter ?? new Date(Date.now() + 90 * day),
      extensions: [
        new x509.BasicConstraintsExtension(false),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([serverAuth, clientAuth]),
        ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
        await x509.AuthorityKeyIdentifierExtension.create(this.#issuer.publicKey),
      ],
    })
    const key = await keyPem(keys.privateKey)
    this.issuedKeys.push(key)
    return {
      certificate: certificate.toString('pem'),
      key,
      fingerprint: createHash('sha256').update(Buffer.from(certificate.rawData)).digest('hex'),
    }
  }
}

async function generate(kind: keyof typeof algorithms): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(algorithms[kind], true, ['sign', 'verify'])
}

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')
}
