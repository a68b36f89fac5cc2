import { DecodeError } from '../bytes/decode-error.ts'
import type { Certificate } from './certificate.ts'
import { context, DerReader, type Der } from './der.ts'
import { isWithin, type DistinguishedName } from './distinguished-name.ts'
import { readGeneralName, type GeneralName } from './general-name.ts'

/** Which names an authority may certify (RFC 5280 §4.2.1.10): bases of subtrees. */
export interface NameConstraints {
  readonly permitted: readonly GeneralName[]
  readonly excluded: readonly GeneralName[]
}

export function readNameConstraints(value: Uint8Array): NameConstraints {
  const outer = new DerReader(value)
  const fields = outer.sequence('nameConstraints')
  outer.end('nameConstraints')
  const permitted = readSubtrees(fields.optional(context(0), 'permittedSubtrees'))
  const excluded = readSubtrees(fields.optional(context(1), 'excludedSubtrees'))
  fields.end('nameConstraints')
  return { permitted, excluded }
}

/**
 * The name of a certificate that the constraints forbid, in words; undefined where all are allowed. `budget` is told of
 * each comparison, and throws when there have been too many.
 *
 * A form of name is free while no permitted subtree is of that form. A constraint whose form we give no meaning to
 * forbids each name of it, and so does one that cannot be held against a malformed name: §4.2.1.10 lets us process or
 * reject, and nothing between.
 */
export function forbiddenName(
  certificate: Certificate,
  { permitted, excluded }: NameConstraints,
  budget: () => void,
): string | undefined {
  for (const name of namesOf(certificate)) {
    const same = (base: GeneralName): boolean => {
      budget()
      return formOf(base) === formOf(name)
    }
    const allowed = permitted.filter(same)
    const denied = excluded.filter(same)
    if (allowed.length === 0 && denied.length === 0) continue
    const covers = coverage[name.form]
    const isWell = isWellFormed(name)
    if (denied.some((base) => !isWell || covers(base, name, 'excluded'))) return `${describe(name)} is excluded`
    if (allowed.length > 0 && !(isWell && allowed.some((base) => covers(base, name, 'permitted'))))
      return `${describe(name)} is not permitted`
  }
  return undefined
}

function* namesOf({ subject, altNames }: Certificate): Iterable<GeneralName> {
  if (subject.parts.length > 0) yield { form: 'directory', name: subject }
  // §4.2.1.10: where there is no subjectAltName, addresses in the subject count as rfc822Names.
  yield* altNames ?? subject.emailAddresses.map((name) => ({ form: 'email', name }) as const)
}

/** Whether a base's subtree holds a name of the same form, for each form. */
const coverage: Readonly<
  Record<GeneralName['form'], (base: GeneralName, name: GeneralName, as: 'permitted' | 'excluded') => boolean>
> = {
  dns: (base, name, as) => base.form === 'dns' && name.form === 'dns' && coversHost(base.name, name.name, as),
  email: (base, name) => base.form === 'email' && name.form === 'email' && coversMailbox(base.name, name.name),
  ip: (base, name) => base.form === 'ip' && name.form === 'ip' && coversAddress(base.bytes, name.bytes),
  directory: (base, name) => base.form === 'directory' && name.form === 'directory' && isWithin(name.name, base.name),
  other: (_base, _name, as) => as === 'excluded',
}

/** §4.2.1.10: a host name satisfies a constraint to whose left labels may have been added. */
function coversHost(base: string, name: string, as: 'permitted' | 'excluded'): boolean {
  if (base === '') return true
  // Not in the RFC, but in the field: a leading period asks for at least one label more.
  const suffix = base.startsWith('.') ? base : `.${base}`
  if (name === base || name.endsWith(suffix)) return true
  // A wildcard may stand for the very label that is excluded.
  return as === 'excluded' && name.startsWith('*.') && base.slice(Math.max(base.indexOf('.'), 1)) === name.slice(1)
}

/** §4.2.1.10: a mailbox, all mailboxes of a host, or with a leading period all of the hosts below a domain. */
function coversMailbox(base: string, name: string): boolean {
  const at = name.lastIndexOf('@')
  const host = name.slice(at + 1).toLowerCase()
  if (base.includes('@')) {
    const split = base.lastIndexOf('@')
    return name.slice(0, at) === base.slice(0, split) && host === base.slice(split + 1).toLowerCase()
  }
  const domain = base.toLowerCase()
  return domain.startsWith('.') ? host.endsWith(domain) : domain === '' || host === domain
}

/** §4.2.1.10: an address and a mask, 8 bytes for IPv4 and 32 for IPv6. One family never covers the other. */
function coversAddress(base: Uint8Array, address: Uint8Array): boolean {
  return (
    base.length === 2 * address.length &&
    address.every((byte, i) => ((byte ^ (base[i] as number)) & (base[address.length + i] as number)) === 0)
  )
}

function isWellFormed(name: GeneralName): boolean {
  if (name.form === 'dns') return name.name.length < 256 && hostPattern.test(name.name)
  if (name.form === 'email') return mailboxPattern.test(name.name)
  if (name.form === 'ip') return name.bytes.length === 4 || name.bytes.length === 16
  return true
}

/** Two names of kind `other` are of one form only where their tags are equal. */
function formOf(name: GeneralName): string {
  return name.form === 'other' ? `other ${name.tag}` : name.form
}

function describe(name: GeneralName): string {
  if (name.form === 'dns') return `the dNSName ${name.name.slice(0, 80)}`
  if (name.form === 'directory') return `the subject ${commonName(name.name)}`
  return { email: 'an rfc822Name', ip: 'an iPAddress', other: 'a name of an unsupported form' }[name.form]
}

function commonName(name: DistinguishedName): string {
  return (name.commonName ?? '').slice(0, 80)
}

function readSubtrees(list: Der | undefined): GeneralName[] {
  if (list === undefined) return []
  const subtrees = new DerReader(list.content)
  const bases: GeneralName[] = []
  while (!subtrees.done) {
    const subtree = subtrees.sequence('GeneralSubtree')
    const base = readGeneralName(subtree)
    // §4.2.1.10: minimum is always zero, and so left out in DER; maximum is never there.
    subtree.end('GeneralSubtree')
    if (base.form === 'ip' && !isMasked(base.bytes))
      throw new DecodeError('nameConstraints', 0, 'an iPAddress that is not an address and a mask')
    bases.push(base)
  }
  return bases
}

function isMasked(bytes: Uint8Array): boolean {
  if (bytes.length !== 8 && bytes.length !== 32) return false
  const mask = Array.from(bytes.subarray(bytes.length / 2), (byte) => byte.toString(2).padStart(8, '0')).join('')
  return /^1*0*$/.test(mask)
}

/** What may stand in a certificate as a name of hosts; an underscore too, for many do it. */
const hostPattern = /^(\*\.)?([a-z0-9_]([a-z0-9_-]*[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?$/
const mailboxPattern = /^[\x21-\x7e]+@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/
