import { schemeFits } from '../crypto/key-check.ts'
import type { CryptoProvider, SignatureName } from '../crypto/provider.ts'
import { parseCertificate, permits, type Certificate } from '../x509/certificate.ts'
import { IssueError } from '../x509/issue.ts'
import type { Verdict } from './config.ts'
import { fault } from './fault.ts'
import type { Session } from './session.ts'

/** A peer's certificates: the leaf, parsed, and all that came, in DER, for whoever judges them. */
export interface PeerChain {
  readonly leaf: Certificate
  readonly presented: readonly Uint8Array[]
  /** When it is believed no more, where whoever judged it has said so; in milliseconds since 1970. */
  readonly untilMs?: number
}

/** Reads the leaf, which stands first. Throws Fault, also where there is none. */
export function readChain(presented: readonly Uint8Array[]): PeerChain {
  const [first] = presented
  if (first === undefined) throw fault('certificate-missing')
  return { leaf: parse(first), presented }
}

/** That the key of the leaf made this signature, and may. Throws Fault. */
export function checkSignature(
  { leaf }: PeerChain,
  scheme: SignatureName,
  content: Uint8Array,
  signature: Uint8Array,
  { crypto }: { readonly crypto: CryptoProvider },
): void {
  if (leaf.publicKey === undefined) throw fault('unsupported-key')
  // RFC 8446 §4.4.2.2: with a key usage there must be digitalSignature in it.
  if (!permits(leaf, 'digitalSignature')) throw fault('may-not-sign')
  if (!schemeFits(leaf.publicKey, scheme))
    throw fault('signature-scheme-of-another-key', `${scheme} with a key of kind ${leaf.publicKey.kind}`)
  if (!crypto.verify(scheme, leaf.publicKey, content, signature)) throw fault('signature-wrong', scheme)
}

/** The chain once it is judged. Throws Fault where it was refused. */
export function judged(chain: PeerChain, verdict: Verdict): PeerChain {
  if (verdict === 'accepted') return chain
  if ('refused' in verdict) throw fault(verdict.refused, verdict.detail)
  return { ...chain, untilMs: verdict.untilMs }
}

/** What a session keeps of the client that has shown it; it ends with what the client was believed by. */
export function sessionClient({ leaf, untilMs = Infinity }: PeerChain): NonNullable<Session<never>['client']> {
  return { leaf: leaf.der, notAfterMs: Math.min(leaf.notAfter.getTime(), untilMs) }
}

function parse(der: Uint8Array): Certificate {
  try {
    return parseCertificate(der)
  } catch (error) {
    if (error instanceof IssueError) throw fault('malformed', error.message)
    throw error
  }
}
