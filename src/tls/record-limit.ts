import { extensionType } from '../wire/code-points.ts'
import type { Extension } from '../wire/extension.ts'
import { readMaxFragmentLength, writeMaxFragmentLength } from '../wire/extensions/max-fragment-length.ts'
import { readRecordSizeLimit, writeRecordSizeLimit } from '../wire/extensions/record-size-limit.ts'
import { fault } from './fault.ts'
import type { Extensions } from './hello.ts'
import { maxPlaintext } from './record/framer.ts'
import type { VersionName } from './version.ts'

/** How much content a record may have, where the peer has asked for less than the usual; in bytes. */
export interface RecordLimit {
  readonly outgoing: number
  readonly incoming: number
  /** What a server tells the client that it is heard by. */
  readonly answer: Extension
}

/** record_size_limit (RFC 8449), or the older max_fragment_length (RFC 6066 §4), which is passed over where both are there. */
export function chooseRecordLimit(extensions: Extensions, version: VersionName): RecordLimit | undefined {
  const body = extensions.get(extensionType.recordSizeLimit)
  if (body !== undefined) return limitBySize(body, version)
  const older = extensions.get(extensionType.maxFragmentLength)
  return older && byFragment(readMaxFragmentLength(older))
}

/** The same for either side: `body` is the peer's record_size_limit. */
export function limitBySize(body: Uint8Array, version: VersionName): RecordLimit {
  const asked = readRecordSizeLimit(body)
  // RFC 8449 §4: a small one is a mistake; one beyond what the version has may be meant for another, and is no mistake.
  if (asked < 64) throw fault('record-size-limit-too-small', `${asked} bytes`)
  // §4: TLS 1.3 counts the inner content type, and the padding.
  const ofType = version === 'TLSv1.3' ? 1 : 0
  return {
    outgoing: Math.min(asked - ofType, maxPlaintext),
    incoming: maxPlaintext,
    answer: { type: extensionType.recordSizeLimit, body: writeRecordSizeLimit(maxPlaintext + ofType) },
  }
}

function byFragment(code: number): RecordLimit {
  if (code < 1 || code > 4) throw fault('max-fragment-length-unknown', `code ${code}`)
  const length = 2 ** (8 + code)
  const answer = { type: extensionType.maxFragmentLength, body: writeMaxFragmentLength(code) }
  return { outgoing: length, incoming: length, answer }
}
