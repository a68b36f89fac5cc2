import { Reader } from '../../bytes/reader.ts'
import { Writer } from '../../bytes/writer.ts'

/** The keys a client offers to resume with, and a proof of each (RFC 8446 §4.2.11). */
export interface OfferedPsks {
  readonly identities: readonly PskIdentity[]
  readonly binders: readonly Uint8Array[]
}

/** A ticket, as the server that gave it out wrote it. */
export interface PskIdentity {
  readonly identity: Uint8Array
  readonly obfuscatedTicketAge: number
}

export function readOfferedPsks(body: Uint8Array): OfferedPsks {
  const from = new Reader(body)
  const identities = readIdentities(from.sub16('identities'))
  const binders = readBinders(from.sub16('binders'))
  from.end('pre_shared_key')
  return { identities, binders }
}

export function writeOfferedPsks({ identities, binders }: OfferedPsks): Uint8Array {
  const out = new Writer()
  out.prefixed16((list) => {
    for (const { identity, obfuscatedTicketAge } of identities) {
      list.vector16(identity)
      list.u32(obfuscatedTicketAge)
    }
  })
  out.prefixed16((list) => {
    for (const binder of binders) list.vector8(binder)
  })
  return out.finish()
}

/** How many bytes the binders take, their length included: all of a ClientHello but these is what a binder covers (§4.2.11.2). */
export function bindersLength(binders: readonly Uint8Array[]): number {
  return binders.reduce((length, binder) => length + 1 + binder.length, 2)
}

function readIdentities(list: Reader): PskIdentity[] {
  if (list.remaining === 0) throw list.error('identities', 'empty')
  const identities: PskIdentity[] = []
  while (list.remaining > 0) {
    const identity = list.sub16('identity')
    if (identity.remaining === 0) throw identity.error('identity', 'empty')
    identities.push({ identity: identity.rest(), obfuscatedTicketAge: list.u32('obfuscated_ticket_age') })
  }
  return identities
}

function readBinders(list: Reader): Uint8Array[] {
  if (list.remaining === 0) throw list.error('binders', 'empty')
  const binders: Uint8Array[] = []
  while (list.remaining > 0) {
    binders.push(list.sub8('binder').rest())
  }
  return binders
}
