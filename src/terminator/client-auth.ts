import type { CryptoProvider } from '../crypto/provider.ts'
import type { ClientAuth, Verdict } from '../tls/config.ts'
import { parseCertificate } from '../x509/certificate.ts'
import { chainFaults } from '../x509/chain-fault.ts'
import { verifyChain } from '../x509/chain.ts'
import { parseCrl } from '../x509/crl.ts'
import { IssueError } from '../x509/issue.ts'
import type { Revocation } from '../x509/revocation.ts'
import { TrustAnchors } from '../x509/trust-anchors.ts'
import { hostIndex } from './host-index.ts'
import type { ProxyClient } from './proxy-protocol.ts'
import type { Snapshot, SnapshotClientAuth } from './snapshot.ts'

/** What is asked of the clients of one name: as the engine is told, and what their certificates are held against. */
export interface AskedOfClients extends ClientAuth {
  readonly mode: SnapshotClientAuth['mode']
  readonly anchors: TrustAnchors
  readonly revocation?: Revocation
  readonly maxIntermediates?: number
}

/** What each server name asks of its clients; undefined where nothing. A name that has no certificate asks as all do. */
export function clientAuthStore(
  snapshot: Snapshot,
  crypto: CryptoProvider,
): (serverName: string | undefined) => AskedOfClients | undefined {
  const find = hostIndex(snapshot.hosts)
  // Many hosts ask the same, and the authorities of a company are parsed once.
  const ready = new Map<SnapshotClientAuth, AskedOfClients>()
  return (serverName) => {
    const asked = find(serverName)?.clientAuth ?? snapshot.clientAuth
    if (asked === undefined) return undefined
    const known = ready.get(asked) ?? prepare(asked, crypto)
    ready.set(asked, known)
    return known
  }
}

/** Who a client is by its certificates, and what the handshake makes of it. */
export interface ClientVerdict {
  readonly client: ProxyClient
  readonly verdict: Verdict
}

/** Judges the certificates that a client has shown, DER, its own first. */
export function judgeClient(
  presented: readonly Uint8Array[],
  { mode, anchors, revocation, maxIntermediates }: AskedOfClients,
  { now, crypto }: { readonly now: Date; readonly crypto: CryptoProvider },
): ClientVerdict {
  const answer = verifyChain(presented, {
    anchors,
    purpose: 'clientAuth',
    now,
    crypto,
    ...(revocation === undefined ? {} : { revocation }),
    ...(maxIntermediates === undefined ? {} : { maxIntermediates }),
  })
  const client = (verify: number): ProxyClient => ({ verify, commonName: commonNameOf(presented), resumed: false })
  if ('path' in answer) return { client: client(0), verdict: { untilMs: answer.until.getTime() } }
  // Who is let in without being believed begins no session: what is wrong with its chain could not be told when it goes on.
  const verdict = mode === 'Observe' ? { untilMs: 0 } : answer
  return { client: client(chainFaults[answer.refused].code), verdict }
}

/**
 * Who a client is whose session is resumed: it was believed when the session began, and nothing that it was believed by has
 * changed or ended since, or the session would have ended too.
 */
export function resumedClient(leaf: Uint8Array): ProxyClient {
  return { verify: 0, commonName: commonNameOf([leaf]), resumed: true }
}

function prepare(asked: SnapshotClientAuth, crypto: CryptoProvider): AskedOfClients {
  const { mode, authorities, crls, maxIntermediates } = asked
  const anchors = new TrustAnchors(authorities.map(parseCertificate))
  const id = crypto.hash('SHA-256')
  id.update(new TextEncoder().encode(JSON.stringify([mode, maxIntermediates, authorities.length, crls?.length])))
  for (const der of [...authorities, ...(crls ?? [])]) id.update(der)
  return {
    mode,
    required: mode === 'Require',
    authorities: anchors.certificates.map(({ subject }) => subject.der),
    id: id.digest(),
    anchors,
    ...(crls === undefined ? {} : { revocation: { crls: crls.map(parseCrl) } }),
    ...(maxIntermediates === undefined ? {} : { maxIntermediates }),
  }
}

/**
 * Also of a certificate that is not believed: the number beside it says so. Of several names none, for whoever reads them
 * may take the first or the last.
 */
function commonNameOf([leaf]: readonly Uint8Array[]): string | undefined {
  try {
    const names = leaf === undefined ? [] : parseCertificate(leaf).subject.commonNames
    return names.length === 1 ? names[0] : undefined
  } catch (error) {
    if (error instanceof IssueError) return undefined
    throw error
  }
}
