import { sha256 } from '@noble/hashes/sha2.js'
import { toHex } from '../../bytes/hex.ts'
import { verifyChain } from '../../x509/chain.ts'
import type { Revocation } from '../../x509/revocation.ts'
import type { TrustAnchors } from '../../x509/trust-anchors.ts'
import { fault, type Fault } from '../fault.ts'
import type { ClientConfig } from './config.ts'

/**
 * Whose certificate a client accepts. In every case the server has to prove that it holds the certificate's key; only
 * whether the certificate is believed differs.
 */
export type Trust =
  /** One that these authorities vouch for, under this DNS name or IP address (RFC 5280 §6, RFC 9525). */
  | {
      readonly accept: 'verified'
      readonly anchors: TrustAnchors
      readonly name: string
      /** Left out: nobody is asked. */
      readonly revocation?: Revocation
    }
  /** One of these leaves, known by the SHA-256 of their DER (lower-case hex): neither names nor dates count. */
  | { readonly accept: 'pinned'; readonly fingerprints: readonly string[] }
  /** Any. Whoever stands in between is taken for the server; only for those who look at the certificate themselves. */
  | { readonly accept: 'any' }

/** The Fault that says why this chain (DER, leaf first, at least one) will not do; undefined where it does. */
export function doubtOf(chain: readonly Uint8Array[], { trust, crypto, now }: ClientConfig): Fault | undefined {
  if (trust.accept === 'any') return undefined
  if (trust.accept === 'pinned') {
    const found = fingerprintOf(chain)
    return trust.fingerprints.includes(found) ? undefined : fault('certificate-not-pinned', `found ${found}`)
  }
  const verdict = verifyChain(chain, { ...trust, purpose: 'serverAuth', now: new Date(now()), crypto })
  return 'refused' in verdict ? fault(verdict.refused, verdict.detail) : undefined
}

/** SHA-256 of the leaf, lower-case hex. */
export function fingerprintOf([leaf = new Uint8Array(0)]: readonly Uint8Array[]): string {
  return toHex(sha256(leaf))
}
