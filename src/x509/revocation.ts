import type { CryptoProvider } from '../crypto/provider.ts'
import { nameOf, type Certificate } from './certificate.ts'
import { refusal, type Refusal } from './chain-fault.ts'
import type { Crl } from './crl.ts'

/** The lists of revoked certificates that are at hand. */
export interface Revocation {
  readonly crls: readonly Crl[]
}

/**
 * Asks of each certificate below the anchor whether its issuer has revoked it (RFC 5280 §6.3). Whoever asks wants an
 * answer: an authority without a current list is a refusal, as with nginx's ssl_crl and OpenSSL's CRL_CHECK_ALL. Letting
 * it pass would make a list that nobody renews the way around all of them.
 */
export function checkRevocation(
  path: readonly Certificate[],
  { crls }: Revocation,
  now: Date,
  crypto: CryptoProvider,
): Refusal | undefined {
  for (const [i, issuer] of path.entries()) {
    const certificate = path[i - 1]
    if (certificate === undefined) continue
    const lists = listsOf(issuer, crls, crypto)
    // Also in a list that is out of date: what was revoked stays revoked.
    if (lists.some((crl) => crl.revokes(certificate)))
      return refusal('revoked', `${nameOf(certificate)} is revoked by ${nameOf(issuer)}`)
    if (lists.some((list) => isCurrent(list, now))) continue
    const newest = lists.toSorted((a, b) => b.nextUpdate.getTime() - a.nextUpdate.getTime())[0]
    const why =
      newest === undefined ? 'no CRL' : `no current CRL: the newest ends at ${newest.nextUpdate.toISOString()}`
    return refusal('revocation-unknown', `there is ${why} of ${nameOf(issuer)}`)
  }
  return undefined
}

/** When the first of the lists by which a path is clear now ends: from then on it is not known. */
export function clearUntil(
  path: readonly Certificate[],
  { crls }: Revocation,
  now: Date,
  crypto: CryptoProvider,
): Date | undefined {
  const ends = path.slice(1).map((issuer) => {
    const current = listsOf(issuer, crls, crypto).filter((list) => isCurrent(list, now))
    return Math.max(...current.map(({ nextUpdate }) => nextUpdate.getTime()))
  })
  return ends.length === 0 ? undefined : new Date(Math.min(...ends))
}

function listsOf(issuer: Certificate, crls: readonly Crl[], crypto: CryptoProvider): readonly Crl[] {
  return crls.filter((crl) => crl.issuer.key === issuer.subject.key && crl.isIssuedBy(issuer, crypto))
}

function isCurrent({ thisUpdate, nextUpdate }: Crl, now: Date): boolean {
  return thisUpdate <= now && now <= nextUpdate
}
