import { concat, equal } from '../bytes/arrays.ts'
import { nonceLength, tagLength, type Aead, type CryptoProvider } from '../crypto/provider.ts'

/** A key that seals tickets, under a name that stands in each of them, so that it is found again. */
export interface TicketKey {
  /** 16 bytes, as RFC 5077 §4 recommends. */
  readonly name: Uint8Array
  /** 32 bytes. */
  readonly key: Uint8Array
}

/**
 * Turns a session into a ticket that only we can read, so that the client keeps it for us and we keep nothing:
 *
 *     key name (16) | nonce (12) | ChaCha20-Poly1305(session, additional data: version, key name)
 *
 * The first key seals, and all of them open: a new key is put in front, and the old ones stay until what they sealed is
 * too old anyhow. Every server that has the keys opens the tickets of the others.
 */
export class TicketKeys {
  #keys: readonly ReadyKey[]

  /** Keeps copies. Throws RangeError where a name or a key has another length, Error where a name comes twice. */
  constructor(crypto: CryptoProvider, keys: readonly TicketKey[]) {
    for (const [i, { name }] of keys.entries()) {
      if (name.length !== nameLength)
        throw new RangeError(`ticket key: name of ${name.length} bytes, expected ${nameLength}`)
      if (keys.slice(0, i).some((other) => equal(other.name, name)))
        throw new Error('ticket keys: two have the same name')
    }
    this.#keys = keys.map(({ name, key }) => ({
      name: name.slice(),
      aead: crypto.aead('ChaCha20-Poly1305', key),
      additionalData: { 'TLSv1.2': additionalData('TLSv1.2', name), 'TLSv1.3': additionalData('TLSv1.3', name) },
    }))
  }

  /** A ticket, or undefined where there is no key (any more). A ticket of one version never opens as one of the other. */
  seal(version: TicketVersion, session: Uint8Array, random: (length: number) => Uint8Array): Uint8Array | undefined {
    const key = this.#keys[0]
    if (key === undefined) return undefined
    // A random nonce of 96 bits may serve 2^32 tickets of one key (NIST SP 800-38D §8.3): days, at thousands a second.
    const nonce = random(nonceLength)
    const ticket = new Uint8Array(nameLength + nonceLength + session.length + tagLength)
    ticket.set(key.name)
    ticket.set(nonce, nameLength)
    const sealed = ticket.subarray(nameLength + nonceLength)
    key.aead.sealInto(sealed, nonce, key.additionalData[version], session, nothing)
    return ticket
  }

  /** The session, or undefined where the ticket is not one of ours, was changed, or its key is gone. */
  open(version: TicketVersion, ticket: Uint8Array): Uint8Array | undefined {
    if (ticket.length < nameLength + nonceLength + tagLength) return undefined
    const name = ticket.subarray(0, nameLength)
    const key = this.#keys.find((candidate) => equal(candidate.name, name))
    const nonce = ticket.subarray(nameLength, nameLength + nonceLength)
    return key?.aead.open(nonce, key.additionalData[version], ticket.subarray(nameLength + nonceLength))
  }

  /** Forgets the keys: it seals and opens nothing more. */
  wipe(): void {
    for (const { aead } of this.#keys) aead.wipe()
    this.#keys = []
  }
}

/** A key, and what goes with it into each of its tickets. */
interface ReadyKey {
  readonly name: Uint8Array
  readonly aead: Aead
  readonly additionalData: Readonly<Record<TicketVersion, Uint8Array>>
}

export type TicketVersion = 'TLSv1.2' | 'TLSv1.3'

function additionalData(version: TicketVersion, name: Uint8Array): Uint8Array {
  return concat(new TextEncoder().encode(version), name)
}

const nameLength = 16
const nothing = new Uint8Array(0)
