import { concat, wipe } from '../bytes/arrays.ts'
import type { GroupName, KeyExchange } from './provider.ts'

/** What a provider brings: the curves, and ML-KEM-768. The groups of TLS are made of them here, alike for every provider. */
export interface Primitives {
  readonly x25519: DiffieHellman
  readonly p256: DiffieHellman
  readonly p384: DiffieHellman
  /**
   * ML-KEM-768 (FIPS 203). Its private key is the seed d || z, which is short, and the same in every provider; its
   * encapsulation key is checked as §7.2 asks.
   */
  readonly mlKem768: KeyExchange
}

/** A group in which both sides do the same. */
export type DiffieHellman = Pick<KeyExchange, 'keyPair' | 'sharedSecret'>

/** Every group, from its parts. */
export function keyExchanges({ x25519, p256, p384, mlKem768 }: Primitives): Readonly<Record<GroupName, KeyExchange>> {
  const mlKem: Part = { exchange: mlKem768, privateKey: 64, share: 1184, answer: 1088 }
  return {
    X25519: bothSides(x25519),
    'P-256': bothSides(p256),
    'P-384': bothSides(p384),
    // draft-ietf-tls-ecdhe-mlkem §4: the part that FIPS approves stands first, so the order is not the name's.
    X25519MLKEM768: hybrid(mlKem, { exchange: bothSides(x25519), privateKey: 32, share: 32, answer: 32 }),
    SecP256r1MLKEM768: hybrid({ exchange: bothSides(p256), privateKey: 32, share: 65, answer: 65 }, mlKem),
  }
}

function bothSides(group: DiffieHellman): KeyExchange {
  return {
    ...group,
    respond(peerShare, random) {
      const { privateKey, share } = group.keyPair(random)
      const secret = group.sharedSecret(privateKey, peerShare)
      wipe(privateKey)
      return secret && { share, secret }
    },
  }
}

/** One half of a hybrid, and the lengths at which to cut what both halves send, in bytes. */
interface Part {
  readonly exchange: KeyExchange
  readonly privateKey: number
  readonly share: number
  readonly answer: number
}

/** Two exchanges side by side: keys, shares and secrets are the halves', one after the other, and either half may refuse. */
function hybrid(first: Part, second: Part): KeyExchange {
  return {
    keyPair(random) {
      const [a, b] = [first.exchange.keyPair(random), second.exchange.keyPair(random)]
      const pair = { privateKey: concat(a.privateKey, b.privateKey), share: concat(a.share, b.share) }
      wipe(a.privateKey, b.privateKey)
      return pair
    },
    sharedSecret(privateKey, peerShare) {
      const keyLength = first.privateKey + second.privateKey
      if (privateKey.length !== keyLength)
        throw new RangeError(`hybrid group: private key of ${privateKey.length} bytes, expected ${keyLength}`)
      if (peerShare.length !== first.answer + second.answer) return undefined
      const [keyA, keyB] = halves(privateKey, first.privateKey)
      const [answerA, answerB] = halves(peerShare, first.answer)
      const a = first.exchange.sharedSecret(keyA, answerA)
      const b = second.exchange.sharedSecret(keyB, answerB)
      return joinSecrets(a, b)
    },
    respond(peerShare, random) {
      if (peerShare.length !== first.share + second.share) return undefined
      const [shareA, shareB] = halves(peerShare, first.share)
      const a = first.exchange.respond(shareA, random)
      const b = a && second.exchange.respond(shareB, random)
      const secret = joinSecrets(a?.secret, b?.secret)
      return a && b && secret && { share: concat(a.share, b.share), secret }
    },
  }
}

function joinSecrets(a: Uint8Array | undefined, b: Uint8Array | undefined): Uint8Array | undefined {
  const joined = a && b && concat(a, b)
  wipe(...[a, b].filter((secret) => secret !== undefined))
  return joined
}

function halves(bytes: Uint8Array, at: number): [Uint8Array, Uint8Array] {
  return [bytes.subarray(0, at), bytes.subarray(at)]
}
