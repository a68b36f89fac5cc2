import { p256, p384 } from '@noble/curves/nist.js'
import { ed25519 } from '@noble/curves/ed25519.js'
import type { PrivateKey } from '../crypto/provider.ts'
import { context, tag, writeDer, writeOid, writeUnsigned } from './der.ts'
import { IssueError } from './issue.ts'
import { readKeyDer, readKeyPem, type KeyNumbers } from './key-numbers.ts'
import { curveOid, oid } from './oids.ts'

/** Parses a PEM block of any form that Secrets have, and computes the public half. Throws IssueError. */
export function parsePrivateKeyPem(text: string): PrivateKey {
  return complete(readKeyPem(text))
}

/** Parses PKCS#8 DER. Throws IssueError. */
export function parsePkcs8(der: Uint8Array): PrivateKey {
  return complete(readKeyDer(der))
}

function complete(numbers: KeyNumbers): PrivateKey {
  if (numbers.kind === 'rsa') return numbers
  if (numbers.kind === 'ed25519') return { ...numbers, publicKey: ed25519.getPublicKey(numbers.seed) }
  const group = numbers.curve === 'P-256' ? p256 : p384
  if (!group.utils.isValidSecretKey(numbers.scalar))
    throw new IssueError('MalformedKey', `the ${numbers.curve} key is not in the range 1 to n-1`)
  return { ...numbers, point: group.getPublicKey(numbers.scalar, false) }
}

/** Writes PKCS#8 DER. */
export function encodePkcs8(key: PrivateKey): Uint8Array {
  const version = writeUnsigned(Uint8Array.of(0))
  if (key.kind === 'rsa') {
    const parts = [Uint8Array.of(0), key.n, key.e, key.d, key.p, key.q, key.dp, key.dq, key.qi].map(writeUnsigned)
    const algorithm = writeDer(tag.sequence, writeOid(oid.rsaEncryption), writeDer(tag.null))
    return writeDer(tag.sequence, version, algorithm, writeDer(tag.octetString, writeDer(tag.sequence, ...parts)))
  }
  if (key.kind === 'ed25519') {
    const algorithm = writeDer(tag.sequence, writeOid(oid.ed25519))
    return writeDer(tag.sequence, version, algorithm, writeDer(tag.octetString, writeDer(tag.octetString, key.seed)))
  }
  const algorithm = writeDer(tag.sequence, writeOid(oid.ecPublicKey), writeOid(curveOid[key.curve]))
  const point = writeDer(context(1), writeDer(tag.bitString, Uint8Array.of(0), key.point))
  const inner = [writeUnsigned(Uint8Array.of(1)), writeDer(tag.octetString, key.scalar), point]
  return writeDer(tag.sequence, version, algorithm, writeDer(tag.octetString, writeDer(tag.sequence, ...inner)))
}
