import type { PrivateKey, PublicKey } from '../crypto/provider.ts'

/** A certificate chain with its key: what a server proves its name with. */
export interface Credential {
  /** DER, leaf first, as they go into the Certificate message. */
  readonly chain: readonly Uint8Array[]
  readonly privateKey: PrivateKey
  readonly publicKey: PublicKey
  /** SHA-256 of the leaf's DER, lower-case hex. */
  readonly fingerprint: string
  /** dNSNames of the leaf, lower case. */
  readonly names: readonly string[]
  readonly notBefore: Date
  readonly notAfter: Date
}
