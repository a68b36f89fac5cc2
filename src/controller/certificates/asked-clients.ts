/** What clients are asked, as the bundle says it; what cannot be known now is as it was, or lets nobody in. */
import type { BundleClientAuth } from '../../api/bundle-settings.ts'
import type { CryptoProvider } from '../../crypto/provider.ts'
import { believeNobody, openClientAuth, type ClientAuthInput } from './client-auth.ts'
import type { Notes } from './compiled.ts'
import { digest, type LastGood } from './last-good.ts'
import { secretKey } from './secret-input.ts'

export interface ClientsInput {
  /** What all clients are asked; left out: nothing. */
  readonly clientAuth?: ClientAuthInput
  /** What the clients of single hosts are asked instead, by name; left out: nobody knows, and it stays as it is. */
  readonly hostClientAuth?: ReadonlyMap<string, ClientAuthInput>
  readonly crypto: CryptoProvider
}

/** The authorities and revocation lists that it names are put among the bundle's files. */
export class AskedClients {
  readonly #input: ClientsInput
  readonly #lastGood: LastGood
  readonly #notes: Notes
  readonly #files: Map<string, Uint8Array>

  constructor(input: ClientsInput, lastGood: LastGood, notes: Notes, files: Map<string, Uint8Array>) {
    this.#input = input
    this.#lastGood = lastGood
    this.#notes = notes
    this.#files = files
  }

  /** What the clients of a host are asked. Where that cannot be known, nobody comes in. */
  ofHost(host: string): BundleClientAuth | undefined {
    const { hostClientAuth } = this.#input
    if (hostClientAuth === undefined) return this.#askedBefore(host)
    const input = hostClientAuth.get(host)
    return input && (this.#open(host, input) ?? believeNobody(input))
  }

  /** What all clients are asked. Where that cannot be known, and never could, the present bundle stays. */
  ofAll(): BundleClientAuth | undefined | 'unknown' {
    const input = this.#input.clientAuth
    return input && (this.#open(undefined, input) ?? 'unknown')
  }

  #open(host: string | undefined, input: ClientAuthInput): BundleClientAuth | undefined {
    const opened = openClientAuth(input, (bytes) => digest(this.#input.crypto, bytes))
    if ('clientAuth' in opened) {
      for (const [name, bytes] of opened.files) this.#files.set(name, bytes)
      this.#notes.changesAt(...opened.ends)
      return opened.clientAuth
    }
    const { reason, message, missing } = opened
    if (missing !== undefined) this.#notes.misses(missing)
    const last = input.authorities && this.#askedBefore(host, secretKey(input.authorities))
    const otherwise = host === undefined ? 'the present bundle stays as it is' : 'nobody is let in'
    this.#notes.error({
      reason,
      message: `client certificates${host === undefined ? '' : ` for ${host}`}: ${message}; ${
        last === undefined ? otherwise : 'the authorities of before are believed'
      }`,
    })
    return last && { ...last, mode: input.mode }
  }

  #askedBefore(host: string | undefined, secret?: string): BundleClientAuth | undefined {
    const last = this.#lastGood.clientAuth(host, secret)
    for (const [name, bytes] of last?.files ?? []) this.#files.set(name, bytes)
    return last?.clientAuth
  }
}
