/**
 * The keys of session tickets, alike for all pods of a policy, so that a session made at one resumes at another.
 *
 *     sealing now | next to seal | the one before | the one before that
 *
 * A new key is handed out one interval before it seals, so by then each pod has it; the two before go on opening what they
 * have sealed, and are forgotten. They live in the bundle Secret and nowhere else, and no log or status has them.
 */
import { ticketFile } from '../../api/bundle.ts'
import type { BundleTicketKey, BundleTickets } from '../../api/bundle-settings.ts'
import { toHex } from '../../bytes/hex.ts'

export interface TicketsInput {
  readonly rotationIntervalMs: number
  /** Cryptographically strong random bytes. */
  readonly random: (length: number) => Uint8Array
}

/** The tickets of a bundle, with the files that they name. */
export interface TicketKeySet {
  readonly tickets: BundleTickets
  readonly files: ReadonlyMap<string, Uint8Array>
  /** When the next key begins to seal. */
  readonly nextChange: Date
}

export function ticketKeys(
  { rotationIntervalMs, random }: TicketsInput,
  previous: { readonly tickets: BundleTickets | undefined; file(name: string): Uint8Array | undefined },
  now: Date,
): TicketKeySet {
  const files = new Map<string, Uint8Array>()
  const make = (from: number): BundleTicketKey => {
    const name = toHex(random(16))
    files.set(ticketFile(name), random(32))
    return { name, from: new Date(from).toISOString() }
  }
  const known: BundleTicketKey[] = []
  for (const key of previous.tickets?.keys ?? []) {
    const bytes = previous.file(ticketFile(key.name))
    if (bytes?.length !== 32) continue
    files.set(ticketFile(key.name), bytes)
    known.push(key)
  }
  let [current, next, ...old] = known
  current ??= make(now.getTime())
  // A shorter interval counts from now on; a longer one leaves what was announced.
  const due = (key: BundleTicketKey): number => Math.min(Date.parse(key.from), begun(current) + rotationIntervalMs)
  next ??= make(begun(current) + rotationIntervalMs)
  if (due(next) <= now.getTime()) {
    old = [current, ...old]
    current = { ...next, from: now.toISOString() }
    next = make(now.getTime() + rotationIntervalMs)
  }
  const keys = [current, next, ...old.slice(0, oldKeys)]
  const kept = new Set(keys.map(({ name }) => ticketFile(name)))
  return {
    tickets: { keys, lifetimeSeconds: Math.min(longestLifetime, (oldKeys * rotationIntervalMs) / 1000) },
    files: new Map([...files].filter(([name]) => kept.has(name))),
    nextChange: new Date(due(next)),
  }

  function begun(key: BundleTicketKey | undefined): number {
    return key === undefined ? now.getTime() : Date.parse(key.from)
  }
}

/** How many keys that seal no more still open. */
const oldKeys = 2
/** RFC 8446 §4.6.1: seven days. */
const longestLifetime = 604_800
