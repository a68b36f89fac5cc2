import { equal } from '../../bytes/arrays.ts'
import type { ClientHello } from '../../wire/client-hello.ts'
import { extensionType } from '../../wire/code-points.ts'
import type { OfferedPsks, PskIdentity } from '../../wire/extensions/pre-shared-key.ts'
import { fault } from '../fault.ts'

/**
 * What a client may change in its second hello (RFC 8446 §4.1.2): the key share asked for, early_data gone, fresh PSK
 * binders, padding. (A cookie too, but we sent none.) Anything else differs from what was negotiated, and is refused. We keep the
 * first hello, so no cookie is needed to know it.
 */
export function checkSecondHello(first: ClientHello, second: ClientHello): void {
  const same =
    first.legacyVersion === second.legacyVersion &&
    equal(first.random, second.random) &&
    equal(first.sessionId, second.sessionId) &&
    equal(first.compressionMethods, second.compressionMethods) &&
    first.cipherSuites.length === second.cipherSuites.length &&
    first.cipherSuites.every((suite, i) => suite === second.cipherSuites[i])
  if (!same) throw fault('second-hello-differs')
  if (second.extensions.some(({ type }) => type === extensionType.earlyData)) throw fault('second-hello-early-data')

  const before = first.extensions.filter(({ type }) => !mayChange.has(type))
  const after = second.extensions.filter(({ type }) => !mayChange.has(type))
  const unchanged =
    before.length === after.length &&
    before.every(({ type, body }, i) => type === after[i]?.type && equal(body, after[i].body))
  if (!unchanged) throw fault('second-hello-differs')
}

/**
 * RFC 8446 §4.1.2: sessions that the suite does not suit may be left out; none may be added, or change its place. `taken`
 * is the one that the first hello would have led to: it suits.
 */
export function checkSecondOffer(
  first: OfferedPsks | undefined,
  second: OfferedPsks | undefined,
  taken: number | undefined,
): void {
  const kept = new Set<number>()
  let at = 0
  for (const { identity } of second?.identities ?? []) {
    const left = first?.identities ?? []
    while (at < left.length && !equal((left[at] as PskIdentity).identity, identity)) at++
    if (at === left.length) throw fault('second-hello-differs', 'a PSK that the first hello did not have')
    kept.add(at++)
  }
  if (taken !== undefined && !kept.has(taken)) throw fault('second-hello-differs', 'a PSK that suits is gone')
}

const mayChange: ReadonlySet<number> = new Set([
  extensionType.keyShare,
  extensionType.earlyData,
  extensionType.preSharedKey,
  extensionType.padding,
  // RFC 9849 §6.1.5: a client that hides its hello encrypts it anew.
  extensionType.encryptedClientHello,
])
