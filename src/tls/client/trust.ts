import { sha256 } from '@noble/hashes/sha2.js'
import { toHex } from '../../bytes/hex.ts'
import { fault } from '../fault.ts'
import type { ServerChain } from './certificate.ts'
import type { ClientConfig } from './config.ts'

/**
 * Whose certificate a client accepts. In every case the server has to prove that it holds the certificate's key; only
 * whether the certificate is believed differs.
 */
export type Trust =
  /** One of these leaves, known by the SHA-256 of their DER (lower-case hex): neither names nor dates count. */
  | { readonly accept: 'pinned'; readonly fingerprints: readonly string[] }
  /** Any. Whoever stands in between is taken for the server; only for those who look at the certificate themselves. */
  | { readonly accept: 'any' }

/** Throws the Fault that says why this chain will not do. */
export function judge([leaf]: ServerChain, { trust }: ClientConfig): void {
  if (trust.accept === 'any') return
  const found = toHex(sha256(leaf.der))
  if (!trust.fingerprints.includes(found)) throw fault('certificate-not-pinned', `found ${found}`)
}
