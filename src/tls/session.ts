import { concat } from '../bytes/arrays.ts'
import { decodeAscii, encodeAscii } from '../bytes/ascii.ts'
import { Reader } from '../bytes/reader.ts'
import { Writer } from '../bytes/writer.ts'
import type { CryptoProvider, PublicKey } from '../crypto/provider.ts'

/**
 * What a ticket holds: the secret to resume with, and all that must still be so when it comes back (RFC 8446 §4.6.1,
 * RFC 5077 §4). `Suite` is that of the version.
 */
export interface Session<Suite extends { readonly id: number }> {
  readonly suite: Suite
  /** TLS 1.3's PSK; TLS 1.2's master secret. */
  readonly secret: Uint8Array
  readonly issuedAtMs: number
  readonly lifetimeSeconds: number
  /** When a certificate last proved who the server is: tickets got by tickets do not go on for ever. */
  readonly authenticatedAtMs: number
  readonly serverName: string | undefined
  /** `publicKeyHash` of the credential: a session does not outlive the key that it was begun with. */
  readonly credentialKey: Uint8Array
  /** `id` of what the client was asked for; empty where it was not asked. */
  readonly clientAuth: Uint8Array
  /** The certificate that the client showed; the session ends with it, or with what else the client was believed by. */
  readonly client: { readonly leaf: Uint8Array; readonly notAfterMs: number } | undefined
}

/** A session but for what each of its tickets has for itself. */
export type SessionTerms<Suite extends { readonly id: number }> = Omit<
  Session<Suite>,
  'secret' | 'issuedAtMs' | 'lifetimeSeconds'
>

export function writeSession(session: Session<{ readonly id: number }>): Uint8Array {
  const out = new Writer()
  out.u8(format)
  out.u16(session.suite.id)
  out.vector8(session.secret)
  out.u64(session.issuedAtMs)
  out.u32(session.lifetimeSeconds)
  out.u64(session.authenticatedAtMs)
  out.vector8(encodeAscii(session.serverName ?? ''))
  out.vector8(session.credentialKey)
  out.vector8(session.clientAuth)
  out.vector16(session.client?.leaf ?? nothing)
  out.u64(session.client?.notAfterMs ?? 0)
  return out.finish()
}

/** The session, or undefined where another release of ours wrote it. All but the leaf are views of `bytes`. */
export function readSession<Suite extends { readonly id: number }>(
  bytes: Uint8Array,
  suites: Readonly<Record<string, Suite>>,
): Session<Suite> | undefined {
  const from = new Reader(bytes)
  // What opened under our key was written by us; but perhaps by a release that wrote it otherwise.
  if (from.u8('format') !== format) return undefined
  const id = from.u16('suite')
  const suite = Object.values(suites).find((candidate) => candidate.id === id)
  const secret = from.sub8('secret').rest()
  const issuedAtMs = from.u64('issued_at')
  const lifetimeSeconds = from.u32('lifetime')
  const authenticatedAtMs = from.u64('authenticated_at')
  const serverName = decodeAscii(from.sub8('server_name').rest()) || undefined
  const credentialKey = from.sub8('credential_key').rest()
  const clientAuth = from.sub8('client_auth').rest()
  // A copy: the leaf is public, and lives on when the rest is wiped.
  const leaf = from.sub16('client_leaf').rest().slice()
  const notAfterMs = from.u64('client_not_after')
  from.end('session')
  const client = leaf.length === 0 ? undefined : { leaf, notAfterMs }
  const times = { issuedAtMs, lifetimeSeconds, authenticatedAtMs }
  return suite && { suite, secret, ...times, serverName, credentialKey, clientAuth, client }
}

/** Tells public keys apart, whatever certificate they stand in: a certificate that was renewed with its key ends no session. */
export function publicKeyHash(crypto: CryptoProvider, key: PublicKey): Uint8Array {
  const digest = keyHashes.get(key) ?? hashKey(crypto, key)
  keyHashes.set(key, digest)
  return digest
}

function hashKey(crypto: CryptoProvider, key: PublicKey): Uint8Array {
  const hash = crypto.hash('SHA-256')
  hash.update(encodeAscii(key.kind === 'ecdsa' ? key.curve : key.kind))
  hash.update(key.kind === 'ecdsa' ? key.point : key.kind === 'rsa' ? concat(key.n, key.e) : key.publicKey)
  return hash.digest()
}

/** Each connection asks for that of its credential; they go with the key. */
const keyHashes = new WeakMap<PublicKey, Uint8Array>()

const nothing = new Uint8Array(0)
/** Of what `writeSession` writes: to be raised with each change of it. */
const format = 2
