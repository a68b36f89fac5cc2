import { decodeAscii } from '../bytes/ascii.ts'
import { context, DerReader } from './der.ts'
import { readDistinguishedName, type DistinguishedName } from './distinguished-name.ts'

/** A GeneralName (RFC 5280 §4.2.1.6): a name of a subject, or the base of a constraint on names. */
export type GeneralName =
  /** Lower case, otherwise as it stands there: it need not be a host name at all. */
  | { readonly form: 'dns'; readonly name: string }
  | { readonly form: 'email'; readonly name: string }
  /** An address, or as a constraint an address and a mask behind it. Any length. */
  | { readonly form: 'ip'; readonly bytes: Uint8Array }
  | { readonly form: 'directory'; readonly name: DistinguishedName }
  /** URI, otherName, registeredID and the like, which we give no meaning to, by their tag. */
  | { readonly form: 'other'; readonly tag: number }

export function readGeneralName(from: DerReader): GeneralName {
  const name = from.any('GeneralName')
  switch (name.tag) {
    case context(1, false):
      return { form: 'email', name: decodeAscii(name.content) }
    case context(2, false):
      return { form: 'dns', name: decodeAscii(name.content).toLowerCase() }
    case context(4): {
      // A Name is a CHOICE, so its tag stays inside of the context's.
      const inner = new DerReader(name.content)
      const directory = inner.any('directoryName')
      inner.end('directoryName')
      return { form: 'directory', name: readDistinguishedName(directory) }
    }
    case context(7, false):
      return { form: 'ip', bytes: name.content }
    default:
      return { form: 'other', tag: name.tag }
  }
}
