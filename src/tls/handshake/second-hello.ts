import { equal } from '../../bytes/arrays.ts'
import type { ClientHello } from '../../wire/client-hello.ts'
import { extensionType } from '../../wire/code-points.ts'
import { readClientShares } from '../../wire/extensions/key-share.ts'
import { fault } from '../fault.ts'

/**
 * What a client may change in its second hello (RFC 8446 §4.1.2): the key share asked for, early_data gone, a cookie (we
 * sent none), fresh PSK binders, padding. Anything else differs from what was negotiated, and is refused. We keep the
 * first hello, so no cookie is needed to know it.
 */
export function checkSecondHello(first: ClientHello, second: ClientHello, group: number): void {
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

  const share = second.extensions.find(({ type }) => type === extensionType.keyShare)
  const shares = share === undefined ? [] : readClientShares(share.body)
  if (shares.length !== 1 || shares[0]?.group !== group) throw fault('second-hello-wrong-share')
}

const mayChange: ReadonlySet<number> = new Set([
  extensionType.keyShare,
  extensionType.earlyData,
  extensionType.cookie,
  extensionType.preSharedKey,
  extensionType.padding,
])
