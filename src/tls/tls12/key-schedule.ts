import { concat, wipe } from '../../bytes/arrays.ts'
import { aeadKeyLength, nonceLength, type AeadName, type CryptoProvider, type HashName } from '../../crypto/provider.ts'
import type { Tls12Suite } from './suites.ts'

/**
 * TLS 1.2's secrets, all by one function, the PRF (RFC 5246 §5):
 *
 *     premaster secret (ECDHE) ──▶ master secret ──▶ key block: a key and an IV for each direction
 *                                               └──▶ verify_data of both Finished
 */
/** The pseudorandom function (RFC 5246 §5), with the hash of the suite. */
export function prf(
  crypto: CryptoProvider,
  hash: HashName,
  secret: Uint8Array,
  label: string,
  seed: Uint8Array,
  length: number,
): Uint8Array {
  const labelled = concat(new TextEncoder().encode(label), seed)
  const blocks: Uint8Array[] = []
  let a = labelled
  for (let made = 0; made < length;) {
    a = crypto.hmac(hash, secret, a)
    const block = crypto.hmac(hash, secret, concat(a, labelled))
    blocks.push(block)
    made += block.length
  }
  const all = concat(...blocks)
  const output = all.slice(0, length)
  wipe(all, ...blocks)
  return output
}

/** Of the two hellos. */
export interface Randoms {
  readonly client: Uint8Array
  readonly server: Uint8Array
}

/** One direction's. */
export interface RecordKeys {
  readonly aead: AeadName
  readonly key: Uint8Array
  /** The part of the nonce that is never sent. */
  readonly iv: Uint8Array
}

/** RFC 7627 §4: bound to all that was said up to ClientKeyExchange, and so to this connection. */
export function extendedMasterSecret(
  crypto: CryptoProvider,
  hash: HashName,
  premaster: Uint8Array,
  sessionHash: Uint8Array,
): Uint8Array {
  return prf(crypto, hash, premaster, 'extended master secret', sessionHash, masterSecretLength)
}

/** RFC 5246 §8.1: for clients that have not heard of the other. */
export function masterSecret(
  crypto: CryptoProvider,
  hash: HashName,
  premaster: Uint8Array,
  randoms: Randoms,
): Uint8Array {
  return prf(crypto, hash, premaster, 'master secret', concat(randoms.client, randoms.server), masterSecretLength)
}

/** RFC 5246 §6.3: an AEAD has no MAC keys, so the block begins with the keys. */
export function recordKeys(
  crypto: CryptoProvider,
  { aead, hash }: Tls12Suite,
  master: Uint8Array,
  randoms: Randoms,
): { readonly client: RecordKeys; readonly server: RecordKeys } {
  const key = aeadKeyLength[aead]
  const iv = fixedIvLength(aead)
  const seed = concat(randoms.server, randoms.client)
  const block = prf(crypto, hash, master, 'key expansion', seed, 2 * key + 2 * iv)
  const client = { aead, key: block.slice(0, key), iv: block.slice(2 * key, 2 * key + iv) }
  const server = { aead, key: block.slice(key, 2 * key), iv: block.slice(2 * key + iv) }
  wipe(block)
  return { client, server }
}

/** verify_data of Finished (RFC 5246 §7.4.9). */
export function verifyData(
  crypto: CryptoProvider,
  hash: HashName,
  master: Uint8Array,
  sender: 'client' | 'server',
  transcript: Uint8Array,
): Uint8Array {
  return prf(crypto, hash, master, `${sender} finished`, transcript, verifyDataLength)
}

/** AES-GCM keeps four bytes and sends eight with each record (RFC 5288 §3); ChaCha20-Poly1305 keeps all (RFC 7905 §2). */
function fixedIvLength(aead: AeadName): number {
  return aead === 'ChaCha20-Poly1305' ? nonceLength : 4
}

const masterSecretLength = 48
const verifyDataLength = 12
