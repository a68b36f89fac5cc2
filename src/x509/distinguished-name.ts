import { toHex } from '../bytes/hex.ts'
import { DerReader, tag, type Der } from './der.ts'
import { oid } from './oids.ts'

/** A Name (RFC 5280 §4.1.2.4): the subject of a certificate, its issuer, or a constraint on them. */
export interface DistinguishedName {
  readonly der: Uint8Array
  /** Each RelativeDistinguishedName in the form that is compared. */
  readonly parts: readonly string[]
  /** All of them in one text: equal names have equal keys. */
  readonly key: string
  /** The last commonName, for messages. */
  readonly commonName: string | undefined
  /** All of them: more than one name nobody in particular. */
  readonly commonNames: readonly string[]
  /** Values of the emailAddress attribute, an old place for what is now an rfc822Name. */
  readonly emailAddresses: readonly string[]
}

/**
 * Reads a Name. RFC 5280 §7.1: names are compared without regard to case, outer spaces, repeated inner spaces and the
 * kind of string. Letters outside ASCII are taken as they are, and kinds of string that nobody should use byte by byte.
 */
export function readDistinguishedName({ content, raw }: Der): DistinguishedName {
  const commonNames: string[] = []
  const emailAddresses: string[] = []
  const parts: string[] = []
  const names = new DerReader(content)
  while (!names.done) {
    const set = new DerReader(names.value(tag.set, 'RelativeDistinguishedName').content)
    const attributes: string[] = []
    while (!set.done) {
      const attribute = set.sequence('AttributeTypeAndValue')
      const type = attribute.oid('type')
      const value = attribute.any('value')
      attribute.end('AttributeTypeAndValue')
      if (type === oid.commonName) commonNames.push(lenient.decode(value.content))
      if (type === oid.emailAddress) emailAddresses.push(lenient.decode(value.content))
      attributes.push(`${type}=${comparable(value)}`)
    }
    parts.push(JSON.stringify(attributes.toSorted()))
  }
  return { der: raw, parts, key: parts.join(), commonName: commonNames.at(-1), commonNames, emailAddresses }
}

/** Whether a name lies within the subtree of another: that other's parts are its own first ones. */
export function isWithin(name: DistinguishedName, subtree: DistinguishedName): boolean {
  return subtree.parts.every((part, i) => name.parts[i] === part)
}

function comparable(value: Der): string {
  if (!textTags.has(value.tag)) return `#${toHex(value.raw)}`
  try {
    const text = strict.decode(value.content)
    const lower = text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
    return `"${lower.replaceAll(/ +/g, ' ').replaceAll(/^ | $/g, '')}`
  } catch {
    return `#${toHex(value.raw)}`
  }
}

const textTags: ReadonlySet<number> = new Set([tag.utf8String, tag.printableString, tag.ia5String])

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const lenient = new TextDecoder()
