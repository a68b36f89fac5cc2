import { concat, wipe } from '../bytes/arrays.ts'
import { Writer } from '../bytes/writer.ts'
import { extract } from '../crypto/hkdf.ts'
import {
  aeadKeyLength,
  hashLength,
  nonceLength,
  type CryptoProvider,
  type Expansion,
  type HashName,
} from '../crypto/provider.ts'
import type { Suite } from './suites.ts'

/**
 * The key schedule (RFC 8446 §7.1). Each stage is its own type, so that a secret that does not exist yet cannot be used:
 *
 *              0
 *              |
 *    PSK ->  HKDF-Extract = Early Secret           earlySecret()
 *              | Derive-Secret("derived", "")
 *  (EC)DHE -> HKDF-Extract = Handshake Secret      EarlySecret.into()
 *              | Derive-Secret("derived", "")
 *    0    ->  HKDF-Extract = Master Secret         HandshakeSecret.into()
 *              | Derive-Secret("res master", ...)
 *            Resumption Secret                     resumptionSecret(), and for each ticket a PSK: ticketPsks()
 */
export interface EarlySecret {
  /** Proves that the PSK is known; `transcript` is the hash of all that stands before the binders (RFC 8446 §4.2.11.2). */
  binder(transcript: Uint8Array): Uint8Array
  /** Mixes the (EC)DHE secret in; `transcript` is the hash of ClientHello to ServerHello. */
  into(shared: Uint8Array, transcript: Uint8Array): HandshakeSecret
  /** Where it leads to no handshake secret; `into` leaves nothing to wipe. */
  wipe(): void
}

export interface HandshakeSecret {
  readonly client: Uint8Array
  readonly server: Uint8Array
  /** `transcript` is the hash of ClientHello to the server's Finished. */
  into(transcript: Uint8Array): TrafficSecrets
}

export interface TrafficSecrets {
  readonly client: Uint8Array
  readonly server: Uint8Array
  /** What the resumption secret comes from; nothing else needs it any more. */
  readonly main: Uint8Array
}

/** The first stage; without a PSK, zeros take its place, and there is no binder. */
export function earlySecret(crypto: CryptoProvider, hash: HashName, psk?: Uint8Array): EarlySecret {
  const length = hashLength[hash]
  const [binderKey, salt] = psk === undefined ? [undefined, saltWithoutPsk(crypto, hash)] : fromPsk(crypto, hash, psk)
  const forget = (): void => {
    if (binderKey !== undefined) wipe(binderKey, salt)
  }
  return {
    binder(transcript) {
      if (binderKey === undefined) throw new Error('there is no binder without a PSK')
      return finishedData(crypto, hash, binderKey, transcript)
    },
    into(shared, transcript) {
      const handshake = extract(crypto, hash, salt, shared)
      forget()
      const [client, server, next] = expandLabels(crypto, hash, handshake, [
        hkdfLabel('c hs traffic', transcript, length),
        hkdfLabel('s hs traffic', transcript, length),
        hkdfLabel('derived', emptyHash(crypto, hash), length),
      ])
      wipe(handshake)
      return {
        client,
        server,
        into(finished) {
          const main = extract(crypto, hash, next, new Uint8Array(length))
          wipe(next)
          const [client, server] = expandLabels(crypto, hash, main, [
            hkdfLabel('c ap traffic', finished, length),
            hkdfLabel('s ap traffic', finished, length),
          ])
          return { client, server, main }
        },
      }
    },
    wipe: forget,
  }
}

/** What comes of the early secret: the key of the binder, and the salt of the next stage. */
function fromPsk(
  crypto: CryptoProvider,
  hash: HashName,
  psk: Uint8Array,
): readonly [binderKey: Uint8Array, salt: Uint8Array] {
  const length = hashLength[hash]
  const early = extract(crypto, hash, new Uint8Array(length), psk)
  const made = expandLabels(crypto, hash, early, [
    hkdfLabel('res binder', emptyHash(crypto, hash), length),
    hkdfLabel('derived', emptyHash(crypto, hash), length),
  ])
  wipe(early)
  return made
}

/** What an early secret of zeros leads to, which is the same in every connection. */
function saltWithoutPsk(crypto: CryptoProvider, hash: HashName): Uint8Array {
  const salt = withoutPsk.get(hash) ?? fromPsk(crypto, hash, new Uint8Array(hashLength[hash]))[1]
  withoutPsk.set(hash, salt)
  return salt
}

const withoutPsk = new Map<HashName, Uint8Array>()

/** `transcript` is the hash of ClientHello to the client's Finished. The main secret is wiped. */
export function resumptionSecret(
  crypto: CryptoProvider,
  hash: HashName,
  main: Uint8Array,
  transcript: Uint8Array,
): Uint8Array {
  const secret = expandLabel(crypto, hash, main, 'res master', transcript, hashLength[hash])
  wipe(main)
  return secret
}

/** The PSK that goes with a ticket (RFC 8446 §4.6.1). */
export function ticketPsk(crypto: CryptoProvider, hash: HashName, secret: Uint8Array, nonce: Uint8Array): Uint8Array {
  return expandLabel(crypto, hash, secret, 'resumption', nonce, hashLength[hash])
}

/** The same for several tickets, in the order of their nonces. */
export function ticketPsks(
  crypto: CryptoProvider,
  hash: HashName,
  secret: Uint8Array,
  nonces: readonly Uint8Array[],
): readonly Uint8Array[] {
  const labels = nonces.map((nonce) => hkdfLabel('resumption', nonce, hashLength[hash]))
  return expandLabels(crypto, hash, secret, labels)
}

/** The record key and IV of a traffic secret (RFC 8446 §7.3). */
export function trafficKey(
  crypto: CryptoProvider,
  suite: Suite,
  secret: Uint8Array,
): { key: Uint8Array; iv: Uint8Array } {
  const [key, iv] = expandLabels(crypto, suite.hash, secret, [
    hkdfLabel('key', nothing, aeadKeyLength[suite.aead]),
    hkdfLabel('iv', nothing, nonceLength),
  ])
  return { key, iv }
}

/** The next generation of an application traffic secret (RFC 8446 §7.2). */
export function nextSecret(crypto: CryptoProvider, hash: HashName, secret: Uint8Array): Uint8Array {
  return expandLabel(crypto, hash, secret, 'traffic upd', nothing, hashLength[hash])
}

/** verify_data of Finished (RFC 8446 §4.4.4); `secret` is the sender's handshake traffic secret. */
export function finishedData(
  crypto: CryptoProvider,
  hash: HashName,
  secret: Uint8Array,
  transcript: Uint8Array,
): Uint8Array {
  const key = expandLabel(crypto, hash, secret, 'finished', nothing, hashLength[hash])
  const data = crypto.hmac(hash, key, transcript)
  wipe(key)
  return data
}

/** The hash of nothing, which is the same in every connection. */
function emptyHash(crypto: CryptoProvider, hash: HashName): Uint8Array {
  const digest = ofNothing.get(hash) ?? crypto.hash(hash).digest()
  ofNothing.set(hash, digest)
  return digest
}

const ofNothing = new Map<HashName, Uint8Array>()

/** HKDF-Expand-Label (RFC 8446 §7.1); `label` is written without its "tls13 " prefix. */
export function expandLabel(
  crypto: CryptoProvider,
  hash: HashName,
  secret: Uint8Array,
  label: string,
  context: Uint8Array,
  length: number,
): Uint8Array {
  return expandLabels(crypto, hash, secret, [hkdfLabel(label, context, length)])[0]
}

/** The same for several labels of one secret, which takes little longer than for one. */
function expandLabels<const Labels extends readonly Expansion[]>(
  crypto: CryptoProvider,
  hash: HashName,
  secret: Uint8Array,
  labels: Labels,
): { [I in keyof Labels]: Uint8Array } {
  // The provider makes as many as are wanted.
  return crypto.expand(hash, secret, labels) as { [I in keyof Labels]: Uint8Array }
}

/** The structure of the same name. What stands before the context is the same in every connection. */
function hkdfLabel(label: string, context: Uint8Array, length: number): Expansion {
  const beginning = beforeContext(label, length, context.length)
  return { info: context.length === 0 ? beginning : concat(beginning, context), length }
}

function beforeContext(label: string, length: number, contextLength: number): Uint8Array {
  const ofLabel = beginnings.get(label) ?? new Map<number, Uint8Array>()
  const lengths = (contextLength << 16) | length
  const known = ofLabel.get(lengths)
  if (known !== undefined) return known
  const info = new Writer()
  info.u16(length)
  info.vector8(new TextEncoder().encode(`tls13 ${label}`))
  info.u8(contextLength)
  const bytes = info.finish()
  beginnings.set(label, ofLabel.set(lengths, bytes))
  return bytes
}

/** By label, and by both lengths. */
const beginnings = new Map<string, Map<number, Uint8Array>>()
const nothing = new Uint8Array(0)
