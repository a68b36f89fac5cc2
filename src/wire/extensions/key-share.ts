import { Reader } from '../../bytes/reader.ts'
import { Writer } from '../../bytes/writer.ts'

/** KeyShareEntry (RFC 8446 §4.2.8). */
export interface KeyShareEntry {
  readonly group: number
  readonly share: Uint8Array
}

/** client_shares; it may be empty, to ask for a HelloRetryRequest. */
export function readClientShares(body: Uint8Array): KeyShareEntry[] {
  const from = new Reader(body)
  const list = from.sub16('client_shares')
  from.end('key_share')
  const shares: KeyShareEntry[] = []
  while (list.remaining > 0) {
    const group = list.u16('group')
    const share = list.sub16('key_exchange')
    if (share.remaining === 0) throw share.error('key_exchange', 'empty')
    shares.push({ group, share: share.rest() })
  }
  return shares
}

export function writeClientShares(shares: readonly KeyShareEntry[]): Uint8Array {
  const out = new Writer()
  out.prefixed16((list) => {
    for (const entry of shares) list.raw(writeServerShare(entry))
  })
  return out.finish()
}

export function writeServerShare({ group, share }: KeyShareEntry): Uint8Array {
  const out = new Writer()
  out.u16(group)
  out.vector16(share)
  return out.finish()
}

export function readServerShare(body: Uint8Array): KeyShareEntry {
  const from = new Reader(body)
  const entry = { group: from.u16('group'), share: from.sub16('key_exchange').rest() }
  from.end('key_share')
  return entry
}
