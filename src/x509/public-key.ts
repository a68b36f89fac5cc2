import type { PublicKey } from '../crypto/provider.ts'
import { DerReader, tag } from './der.ts'
import { curveByOid, maxExponentBytes, maxRsaBytes, oid } from './oids.ts'

/** The key of a SubjectPublicKeyInfo's content (RFC 5280 §4.1.2.7); undefined for kinds that we cannot use. */
export function readPublicKey(content: Uint8Array): PublicKey | undefined {
  const fields = new DerReader(content)
  const algorithm = fields.sequence('algorithm')
  const kind = algorithm.oid('algorithm')
  const bits = fields.bits('subjectPublicKey')
  fields.end('subjectPublicKeyInfo')
  if (kind === oid.rsaEncryption) {
    const outer = new DerReader(bits)
    const rsa = outer.sequence('RSAPublicKey')
    const key = { kind: 'rsa', n: rsa.unsigned('modulus'), e: rsa.unsigned('publicExponent') } as const
    rsa.end('RSAPublicKey')
    outer.end('RSAPublicKey')
    return key.n.length > maxRsaBytes || key.e.length > maxExponentBytes ? undefined : key
  }
  if (kind === oid.ed25519) return bits.length === 32 ? { kind: 'ed25519', publicKey: bits } : undefined
  if (kind !== oid.ecPublicKey || algorithm.peek !== tag.oid) return undefined
  const curve = curveByOid[algorithm.oid('namedCurve')]
  const length = curve === 'P-256' ? 65 : 97
  if (curve === undefined || bits.length !== length || bits[0] !== 4) return undefined
  return { kind: 'ecdsa', curve, point: bits }
}

/** The size of an RSA modulus in bits; undefined for other keys, whose size is their kind. */
export function rsaBits(key: PublicKey): number | undefined {
  return key.kind === 'rsa' ? key.n.length * 8 - Math.clz32(key.n[0] ?? 0) + 24 : undefined
}
