import { u16, u8, vector8 } from './bytes.ts'
import { cipherKeyLength, digestLength, hkdfExpand, open, seal, type HashAlgorithm } from './primitives.ts'
import type { PeerSuite } from './suites.ts'

/** One direction's keys in one epoch: makes whole records, true ones and others. */
export interface RecordKeys {
  /** A record whose inner (1.3) or outer (1.2) type is `type`. `padding` is for 1.3 only. */
  seal(type: number, content: Uint8Array, how?: { readonly padding?: number; readonly version?: number }): Buffer
  open(record: Uint8Array): { readonly type: number; readonly content: Buffer }
}

/** TLS 1.3 (RFC 8446 §5.2, §5.3). */
export class ModernKeys implements RecordKeys {
  readonly #suite: PeerSuite
  readonly #key: Buffer
  readonly #iv: Buffer
  #sequence = 0n

  constructor(suite: PeerSuite, secret: Uint8Array) {
    this.#suite = suite
    this.#key = expandLabel(suite.hash, secret, 'key', Buffer.alloc(0), cipherKeyLength[suite.cipher])
    this.#iv = expandLabel(suite.hash, secret, 'iv', Buffer.alloc(0), 12)
  }

  seal(type: number, content: Uint8Array, { padding = 0, version = 0x0303 } = {}): Buffer {
    const inner = Buffer.concat([content, u8(type), Buffer.alloc(padding)])
    const header = Buffer.concat([u8(23), u16(version), u16(inner.length + 16)])
    return Buffer.concat([header, seal(this.#suite.cipher, this.#key, this.#nonce(), header, inner)])
  }

  open(record: Uint8Array): { type: number; content: Buffer } {
    const inner = open(this.#suite.cipher, this.#key, this.#nonce(), record.subarray(0, 5), record.subarray(5))
    let end = inner.length
    while (inner[end - 1] === 0) end--
    return { type: inner[end - 1] ?? 0, content: inner.subarray(0, end - 1) }
  }

  #nonce(): Buffer {
    return exclusiveOr(this.#iv, counter(this.#sequence++))
  }
}

/** TLS 1.2: GCM with eight bytes of the nonce on the wire (RFC 5288 §3), ChaCha20 with none (RFC 7905 §2). */
export class OlderKeys implements RecordKeys {
  readonly #suite: PeerSuite
  readonly #key: Buffer
  readonly #iv: Buffer
  #sequence = 0n

  constructor(suite: PeerSuite, key: Buffer, iv: Buffer) {
    this.#suite = suite
    this.#key = key
    this.#iv = iv
  }

  seal(type: number, content: Uint8Array, { version = 0x0303 } = {}): Buffer {
    const sequence = counter(this.#sequence++)
    const aad = Buffer.concat([sequence, u8(type), u16(version), u16(content.length)])
    const explicit = this.#explicit ? sequence : Buffer.alloc(0)
    const sealed = seal(this.#suite.cipher, this.#key, this.#nonce(sequence, explicit), aad, content)
    return Buffer.concat([u8(type), u16(version), u16(explicit.length + sealed.length), explicit, sealed])
  }

  open(record: Uint8Array): { type: number; content: Buffer } {
    const sequence = counter(this.#sequence++)
    const explicit = Buffer.from(record.subarray(5, this.#explicit ? 13 : 5))
    const sealed = record.subarray(5 + explicit.length)
    const aad = Buffer.concat([sequence, record.subarray(0, 3), u16(sealed.length - 16)])
    const content = open(this.#suite.cipher, this.#key, this.#nonce(sequence, explicit), aad, sealed)
    return { type: record[0] ?? 0, content }
  }

  get #explicit(): boolean {
    return this.#suite.cipher !== 'chacha20-poly1305'
  }

  #nonce(sequence: Buffer, explicit: Buffer): Buffer {
    return this.#explicit ? Buffer.concat([this.#iv, explicit]) : exclusiveOr(this.#iv, sequence)
  }
}

/** No keys yet: records in the clear. */
export const plainKeys: RecordKeys = {
  seal: (type, content, { version = 0x0303 } = {}) =>
    Buffer.concat([u8(type), u16(version), u16(content.length), content]),
  open: (record) => ({ type: record[0] ?? 0, content: Buffer.from(record.subarray(5)) }),
}

/** HKDF-Expand-Label (RFC 8446 §7.1). */
export function expandLabel(
  hash: HashAlgorithm,
  secret: Uint8Array,
  label: string,
  context: Uint8Array,
  length: number = digestLength[hash],
): Buffer {
  const info = Buffer.concat([u16(length), vector8(Buffer.from(`tls13 ${label}`)), vector8(context)])
  return hkdfExpand(hash, secret, info, length)
}

function counter(sequence: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64BE(sequence)
  return bytes
}

function exclusiveOr(iv: Buffer, sequence: Buffer): Buffer {
  return Buffer.from(iv.map((byte, i) => byte ^ (sequence[i - (iv.length - sequence.length)] ?? 0)))
}
