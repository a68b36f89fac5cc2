/**
 * The primitives TLS needs, synchronous, behind one interface. It speaks names, never code points, and knows nothing of
 * records or messages. Inputs are never kept or changed; outputs are fresh arrays unless said otherwise.
 *
 * Errors: what a peer can cause (a bad point, a failed tag) is a value, `undefined` or `false`; what only we can cause
 * (a key of the wrong length) is a thrown RangeError.
 */
export interface CryptoProvider {
  readonly name: ProviderName
  hash(name: HashName): Hash
  hmac(name: HashName, key: Uint8Array, message: Uint8Array): Uint8Array
  /**
   * HKDF-Expand (RFC 5869 §2.3) of one key, for several purposes at once, which may cost little more than for one. Throws
   * RangeError if the key is shorter than the hash, or an output longer than 255 times the hash.
   */
  expand(name: HashName, key: Uint8Array, outputs: readonly Expansion[]): Uint8Array[]
  /** Throws RangeError if the key's length is not the cipher's. */
  aead(name: AeadName, key: Uint8Array): Aead
  keyExchange(name: GroupName): KeyExchange
  /** Throws Error, without any key material in it, if the key is not a valid one of its kind. */
  signingKey(key: PrivateKey): SigningKey
  /** False for a wrong or malformed signature or key. */
  verify(scheme: SignatureName, key: PublicKey, message: Uint8Array, signature: Uint8Array): boolean
}

export type ProviderName = 'noble' | 'wasm' | 'native'
export type HashName = 'SHA-256' | 'SHA-384' | 'SHA-512'
export type AeadName = 'AES-128-GCM' | 'AES-256-GCM' | 'ChaCha20-Poly1305'
export type GroupName = 'X25519MLKEM768' | 'SecP256r1MLKEM768' | 'X25519' | 'P-256' | 'P-384'
export type CurveName = 'P-256' | 'P-384'
export type SignatureName =
  | 'ECDSA-P256-SHA256'
  | 'ECDSA-P384-SHA384'
  // A curve with the hash of another: for verifying only. Certificates and TLS 1.2 have them, TLS 1.3 does not.
  | 'ECDSA-P256-SHA384'
  | 'ECDSA-P256-SHA512'
  | 'ECDSA-P384-SHA256'
  | 'ECDSA-P384-SHA512'
  | 'Ed25519'
  | 'RSA-PSS-SHA256'
  | 'RSA-PSS-SHA384'
  | 'RSA-PSS-SHA512'
  // For certificates' own signatures, and for TLS 1.2; TLS 1.3 forbids them in CertificateVerify (RFC 8446 §4.2.3).
  | 'RSA-PKCS1-SHA256'
  | 'RSA-PKCS1-SHA384'
  | 'RSA-PKCS1-SHA512'

export const hashLength = { 'SHA-256': 32, 'SHA-384': 48, 'SHA-512': 64 } as const satisfies Record<HashName, number>
export const aeadKeyLength = {
  'AES-128-GCM': 16,
  'AES-256-GCM': 32,
  'ChaCha20-Poly1305': 32,
} as const satisfies Record<AeadName, number>

/** The longest text, and the longest additional data, that an Aead takes: some times more than any record or ticket has. */
export const maxAeadLength = 65536

/** Length of an AEAD nonce and tag, in bytes: the same for all three ciphers. */
export const nonceLength = 12
export const tagLength = 16

/** A running hash. `digest` may be called at any time and does not end it: TLS needs the transcript's hash at many points. */
export interface Hash {
  update(bytes: Uint8Array): void
  digest(): Uint8Array
  clone(): Hash
}

/** One output of HKDF-Expand: what it is for, and how many bytes it has. */
export interface Expansion {
  readonly info: Uint8Array
  readonly length: number
}

export interface Aead {
  /** Ciphertext followed by the 16-byte tag. */
  seal(nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array
  /** The same into memory that is there: the plaintext is `text`, which stands elsewhere, and `tail` behind it. */
  sealInto(target: Uint8Array, nonce: Uint8Array, aad: Uint8Array, text: Uint8Array, tail: Uint8Array): void
  /** Plaintext, or undefined where the tag does not match. */
  open(nonce: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined
  /** The same into memory that is there, as long as the plaintext; false where the tag does not match. */
  openInto(target: Uint8Array, nonce: Uint8Array, aad: Uint8Array, ciphertext: Uint8Array): boolean
  /** Forgets the key; the object is unusable after it. */
  wipe(): void
}

/**
 * A group. The initiator, which TLS calls the client, makes a key pair and sends its share; the responder answers with a
 * share of its own, and has the secret at once. In a Diffie-Hellman group both do the same; with a KEM they do not.
 */
export interface KeyExchange {
  /**
   * A key pair from random bytes: X25519 takes 32; a curve of NIST 64 bits more than its order has (FIPS 186-5 A.2.1),
   * so 40 for P-256 and 56 for P-384; ML-KEM-768 takes 64; a hybrid what its halves take, in the order of its share.
   */
  keyPair(random: (length: number) => Uint8Array): KeyPair
  /**
   * The initiator's secret, from the responder's share; undefined for a malformed or invalid share: wrong length, point
   * not on the curve, point at infinity, or an all-zero X25519 result (RFC 8446 §7.4).
   */
  sharedSecret(privateKey: Uint8Array, peerShare: Uint8Array): Uint8Array | undefined
  /**
   * The responder's share and secret, from the initiator's share; undefined where that is malformed or invalid, as above,
   * or holds an encapsulation key that fails the check of FIPS 203 §7.2.
   */
  respond(peerShare: Uint8Array, random: (length: number) => Uint8Array): KeyResponse | undefined
}

export interface KeyPair {
  readonly privateKey: Uint8Array
  /** As it travels in a KeyShareEntry: 32 bytes of X25519, an uncompressed point (RFC 8446 §4.2.8.2), a hybrid's two parts. */
  readonly share: Uint8Array
}

export interface KeyResponse {
  readonly share: Uint8Array
  readonly secret: Uint8Array
}

/** A private key as numbers, parsed elsewhere: providers never see DER or PEM. Big-endian byte strings. */
export type PrivateKey =
  | { readonly kind: 'ecdsa'; readonly curve: CurveName; readonly scalar: Uint8Array; readonly point: Uint8Array }
  | { readonly kind: 'ed25519'; readonly seed: Uint8Array; readonly publicKey: Uint8Array }
  | {
      readonly kind: 'rsa'
      readonly n: Uint8Array
      readonly e: Uint8Array
      readonly d: Uint8Array
      readonly p: Uint8Array
      readonly q: Uint8Array
      readonly dp: Uint8Array
      readonly dq: Uint8Array
      readonly qi: Uint8Array
    }

export type PublicKey =
  | { readonly kind: 'ecdsa'; readonly curve: CurveName; readonly point: Uint8Array }
  | { readonly kind: 'ed25519'; readonly publicKey: Uint8Array }
  | { readonly kind: 'rsa'; readonly n: Uint8Array; readonly e: Uint8Array }

export interface SigningKey {
  /** The schemes this key can sign with, best first. */
  readonly schemes: readonly SignatureName[]
  /** ECDSA signatures are DER (RFC 8446 §4.2.3); PSS salts are as long as the hash. `random` feeds salts, nonces, blinding. */
  sign(scheme: SignatureName, message: Uint8Array, random: (length: number) => Uint8Array): Uint8Array
}
