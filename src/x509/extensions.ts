import { DecodeError } from '../bytes/decode-error.ts'
import { toHex } from '../bytes/hex.ts'
import { context, DerReader, tag } from './der.ts'
import { readGeneralName, type GeneralName } from './general-name.ts'
import { readNameConstraints, type NameConstraints } from './name-constraints.ts'
import { oid } from './oids.ts'

/** What a certificate's extensions say (RFC 5280 §4.2). */
export interface Extensions {
  /** undefined: no subjectAltName. */
  readonly altNames: readonly GeneralName[] | undefined
  /** undefined: no basicConstraints. */
  readonly isAuthority: boolean | undefined
  /** How many authorities may stand below this one; undefined: any number. */
  readonly pathLength: number | undefined
  /** undefined: any usage. Ask `permits`. */
  readonly keyUsage: ReadonlySet<number> | undefined
  /** undefined: any purpose. */
  readonly extendedKeyUsage: readonly string[] | undefined
  readonly nameConstraints: NameConstraints | undefined
  /** Somewhere below, a policy is demanded that all of the path has. */
  readonly demandsPolicy: boolean
  /** Hex, to find an issuer sooner; never a proof of anything. */
  readonly subjectKeyId: string | undefined
  readonly authorityKeyId: string | undefined
  /** OIDs of critical extensions that we give no meaning to: whoever relies on the certificate must refuse it. */
  readonly notUnderstood: readonly string[]
}

/** An extension as it stands there. */
export interface Extension {
  readonly critical: boolean
  readonly value: Uint8Array
}

/** Reads a SEQUENCE OF Extension, of a certificate or of a CRL; `where` is what it belongs to. */
export function readExtensionList(list: DerReader, where: string): ReadonlyMap<string, Extension> {
  const values = new Map<string, Extension>()
  while (!list.done) {
    const extension = list.sequence('extension')
    const id = extension.oid('extnID')
    const critical = extension.peek === tag.boolean && extension.boolean('critical')
    // RFC 5280 §4.2: at most one of each kind.
    if (values.has(id)) throw new DecodeError(where, 0, `${id} stands there twice`)
    values.set(id, { critical, value: extension.value(tag.octetString, 'extnValue').content })
    extension.end('extension')
  }
  return values
}

/** Gives the extensions of a certificate their meaning. */
export function readExtensions(given: ReadonlyMap<string, Extension>): Extensions {
  const read = <Value>(id: string, reader: (value: Uint8Array) => Value): Value | undefined => {
    const extension = given.get(id)
    return extension === undefined ? undefined : reader(extension.value)
  }
  const constraints = read(oid.basicConstraints, readBasicConstraints)
  return {
    altNames: read(oid.subjectAltName, readAltNames),
    isAuthority: constraints?.isAuthority,
    pathLength: constraints?.pathLength,
    keyUsage: read(oid.keyUsage, readKeyUsage),
    extendedKeyUsage: read(oid.extendedKeyUsage, readExtendedKeyUsage),
    nameConstraints: read(oid.nameConstraints, readNameConstraints),
    demandsPolicy: read(oid.policyConstraints, readPolicyConstraints) ?? false,
    subjectKeyId: read(oid.subjectKeyIdentifier, readSubjectKeyId),
    authorityKeyId: read(oid.authorityKeyIdentifier, readAuthorityKeyId),
    notUnderstood: [...given].filter(([id, { critical }]) => critical && !understood.has(id)).map(([id]) => id),
  }
}

function readAltNames(value: Uint8Array): GeneralName[] {
  const outer = new DerReader(value)
  const list = outer.sequence('subjectAltName')
  outer.end('subjectAltName')
  const names: GeneralName[] = []
  while (!list.done) names.push(readGeneralName(list))
  return names
}

function readBasicConstraints(value: Uint8Array): { isAuthority: boolean; pathLength: number | undefined } {
  const outer = new DerReader(value)
  const fields = outer.sequence('basicConstraints')
  outer.end('basicConstraints')
  const isAuthority = fields.peek === tag.boolean && fields.boolean('cA')
  const pathLength = fields.done ? undefined : fields.number('pathLenConstraint')
  fields.end('basicConstraints')
  return { isAuthority, pathLength }
}

/** The numbers of the bits that are set: bit 0 is the first of the first byte (X.690 §8.6). */
function readKeyUsage(value: Uint8Array): ReadonlySet<number> {
  const outer = new DerReader(value)
  const { content } = outer.value(tag.bitString, 'keyUsage')
  outer.end('keyUsage')
  if ((content[0] ?? 8) > 7) throw new DecodeError('keyUsage', 0, 'not a BIT STRING')
  const bits = new Set<number>()
  for (let bit = 0; bit < 9; bit++) if (((content[1 + (bit >> 3)] ?? 0) << (bit & 7)) & 0x80) bits.add(bit)
  return bits
}

function readExtendedKeyUsage(value: Uint8Array): string[] {
  const outer = new DerReader(value)
  const list = outer.sequence('extKeyUsage')
  outer.end('extKeyUsage')
  const usages: string[] = []
  while (!list.done) usages.push(list.oid('KeyPurposeId'))
  return usages
}

/** Whether requireExplicitPolicy is there; inhibitPolicyMapping alone matters only to whoever asks for a policy. */
function readPolicyConstraints(value: Uint8Array): boolean {
  const outer = new DerReader(value)
  const fields = outer.sequence('policyConstraints')
  outer.end('policyConstraints')
  const demand = fields.optional(context(0, false), 'requireExplicitPolicy')
  fields.optional(context(1, false), 'inhibitPolicyMapping')
  fields.end('policyConstraints')
  return demand !== undefined
}

function readSubjectKeyId(value: Uint8Array): string {
  return toHex(new DerReader(value).value(tag.octetString, 'subjectKeyIdentifier').content)
}

function readAuthorityKeyId(value: Uint8Array): string | undefined {
  const fields = new DerReader(value).sequence('authorityKeyIdentifier')
  const id = fields.optional(context(0, false), 'keyIdentifier')
  return id && toHex(id.content)
}

/** What we act upon, or what changes nothing for us: policies, for we ask for none, and so for what maps them. */
const understood: ReadonlySet<string> = new Set([
  oid.basicConstraints,
  oid.keyUsage,
  oid.extendedKeyUsage,
  oid.subjectAltName,
  oid.nameConstraints,
  oid.certificatePolicies,
  oid.policyMappings,
  oid.policyConstraints,
  oid.inhibitAnyPolicy,
  oid.subjectKeyIdentifier,
  oid.authorityKeyIdentifier,
])
