import type { ClientHello } from '../wire/client-hello.ts'
import { extensionType, fallbackSignal, version } from '../wire/code-points.ts'
import { readNumbers8 } from '../wire/extensions/number-list.ts'
import { fault } from './fault.ts'
import type { Extensions } from './hello.ts'

export type VersionName = 'TLSv1.2' | 'TLSv1.3'

/** Which versions a side speaks; both, where nothing is said. */
export interface VersionRange {
  readonly minVersion?: VersionName
  readonly maxVersion?: VersionName
}

/** The highest version that both sides speak. The first thing to know: an older client should hear no other complaint. */
export function chooseVersion(hello: ClientHello, extensions: Extensions, range: VersionRange): VersionName {
  // RFC 8446 §D.5: SSL 3.0 and older are refused even where the extension offers better.
  if (hello.legacyVersion <= version.ssl3) throw fault('version-ancient')
  const offered = offeredVersions(hello, extensions)
  const [best] = spoken(range)
  const chosen = spoken(range).find((name) => offered.includes(versionNumbers[name]))
  // RFC 7507 §3: a client that came down a version without need, or was pushed, should know.
  if (chosen !== best && hello.cipherSuites.includes(fallbackSignal)) throw fault('fallback-needless')
  if (chosen === undefined) throw fault('version-unsupported', `offered ${offered.map(toText).join(', ')}`)
  return chosen
}

/** Newest first. */
export function spoken({ minVersion = 'TLSv1.2', maxVersion = 'TLSv1.3' }: VersionRange): readonly VersionName[] {
  return newestFirst.filter(
    (name) => versionNumbers[name] >= versionNumbers[minVersion] && versionNumbers[name] <= versionNumbers[maxVersion],
  )
}

/** RFC 8446 §4.2.1: with the extension legacy_version takes no part in the choice; without it, 1.3 is not offered. */
function offeredVersions(hello: ClientHello, extensions: Extensions): readonly number[] {
  const body = extensions.get(extensionType.supportedVersions)
  if (body !== undefined) return readNumbers8(body, 'supported_versions')
  // RFC 5246 §E.1: it is the highest that the client speaks, so it may lie above ours.
  return [Math.min(hello.legacyVersion, version.tls12)]
}

function toText(number: number): string {
  return `0x${number.toString(16)}`
}

export const versionNumbers = { 'TLSv1.2': version.tls12, 'TLSv1.3': version.tls13 } as const satisfies Record<
  VersionName,
  number
>
const newestFirst = ['TLSv1.3', 'TLSv1.2'] as const satisfies readonly VersionName[]
