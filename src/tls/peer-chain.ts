import { schemeFits } from '../crypto/key-check.ts'
import type { CryptoProvider, SignatureName } from '../crypto/provider.ts'
import { parseCertificate, permits, type Certificate } from '../x509/certificate.ts'
import { IssueError } from '../x509/issue.ts'
import { fault } from './fault.ts'

/** A peer's certificates: the leaf, parsed, and all that came, in DER, for whoever judges them. */
export interface PeerChain {
  readonly leaf: Certificate
  readonly presented: readonly Uint8Array[]
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

function parse(der: Uint8Array): Certificate {
  try {
    return parseCertificate(der)
  } catch (error) {
    if (error instanceof IssueError) throw fault('malformed', error.message)
    throw error
  }
}
