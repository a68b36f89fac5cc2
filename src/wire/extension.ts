import type { Reader } from '../bytes/reader.ts'
import type { Writer } from '../bytes/writer.ts'

/** One extension as it stands in a message: a number, and bytes nobody has looked at yet (RFC 8446 §4.2). */
export interface Extension {
  readonly type: number
  readonly body: Uint8Array
}

export function readExtensions(from: Reader): Extension[] {
  const list = from.sub16('extensions')
  const extensions: Extension[] = []
  while (list.remaining > 0)
    extensions.push({ type: list.u16('extension_type'), body: list.sub16('extension_data').rest() })
  return extensions
}

export function writeExtensions(out: Writer, extensions: readonly Extension[]): void {
  out.prefixed16((list) => {
    for (const { type, body } of extensions) {
      list.u16(type)
      list.vector16(body)
    }
  })
}
