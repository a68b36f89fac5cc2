import { sha256 } from '@noble/hashes/sha2.js'
import { toHex } from '../../bytes/hex.ts'
import { verifyChain } from '../../x509/chain.ts'
import type { Revocation } from '../../x509/revocation.ts'
import type { TrustAnchors } from '../../x509/trust-anchors.ts'
import { fault } from '../fault.ts'
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

/** Throws the Fault that says why this chain (DER, leaf first, at least one) will not do. */
export function judge(chain: readonly Uint8Array[], { trust, crypto, now }: ClientConfig): void {
  if (trust.accept === 'any') return
  if (trust.accept === 'pinned') {
    const found = fingerprintOf(chain)
    if (!trust.fingerprints.includes(found)) throw fault('certificate-not-pinned', `found ${found}`)
    return
  }
  const verdict = verifyChain(chain, { ...trust, purpose: 'serverAuth', now: new Date(now()), crypto })
  if ('refused' in verdict) throw fault(verdict.refused, verdict.detail)
}

/** SHA-256 of the leaf, lower-case hex. */
export function fingerprintOf([leaf = new Uint8Array(0)]: readonly Uint8Array[]): string {
  return toHex(sha256(leaf))
}
