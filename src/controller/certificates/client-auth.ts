/**
 * What is asked of clients: the Secrets that say whom to believe in, what the bundle says about it out. A Secret that is
 * gone or garbage never opens a door: the authorities of before go on, and where there are none, nobody is believed.
 */
import { certificateFile, crlFile } from '../../api/bundle.ts'
import type { BundleClientAuth } from '../../api/bundle-settings.ts'
import type { Reason } from '../../api/reasons.ts'
import { toHex } from '../../bytes/hex.ts'
import { parseCrl, type Crl } from '../../x509/crl.ts'
import { IssueError } from '../../x509/issue.ts'
import { parsePem } from '../../x509/pem.ts'
import { parseCertificate } from '../../x509/certificate.ts'
import { fromBase64, secretKey, type SecretInput } from './secret-input.ts'

/** What a policy or an Ingress wants to be asked of clients. */
export interface ClientAuthInput {
  readonly mode: BundleClientAuth['mode']
  /** Its `ca.crt` holds the authorities; left out: there can be none, and nobody is believed. */
  readonly authorities?: SecretInput
  /** Its `ca.crl` holds revocation lists; left out: those in the Secret of the authorities, if there are any. */
  readonly crls?: SecretInput
  readonly maxIntermediates?: number
}

/** The authorities and lists as they go into the bundle, by the names of their files. */
export interface OpenedClientAuth {
  readonly clientAuth: BundleClientAuth
  readonly files: ReadonlyMap<string, Uint8Array>
  /** When a list ends, and clients of its issuer are refused until there is another one. */
  readonly ends: readonly Date[]
}

/** Why there is nothing that can be asked of clients. */
export interface ClosedClientAuth {
  readonly reason: Reason
  readonly message: string
  /** The Secret that is not there. */
  readonly missing?: SecretInput
}

export function openClientAuth(
  input: ClientAuthInput,
  sha256: (bytes: Uint8Array) => Uint8Array,
): OpenedClientAuth | ClosedClientAuth {
  const { mode, authorities: from, crls: listsFrom = from, maxIntermediates } = input
  if (from === undefined || listsFrom === undefined)
    return closed('SecretNotFound', 'it names no Secret that may be used')
  for (const { denied } of [from, listsFrom]) if (denied !== undefined) return closed('RefNotPermitted', denied)
  for (const secret of [from, listsFrom])
    if (secret.data === undefined)
      return {
        ...closed('SecretNotFound', `there is no Secret ${secret.name} in namespace ${secret.namespace}`),
        missing: secret,
      }
  const files = new Map<string, Uint8Array>()
  const place = (name: (hash: string) => string, der: Uint8Array): string => {
    const hash = toHex(sha256(der))
    files.set(name(hash), der)
    return hash
  }
  try {
    const authorities = read(from, authoritiesKey, 'CERTIFICATE', parseCertificate).map(({ der }) =>
      place(certificateFile, der),
    )
    const wantsLists = input.crls !== undefined || (from.data?.[listsKey] ?? '') !== ''
    const lists = wantsLists ? read(listsFrom, listsKey, 'X509 CRL', parseCrl) : undefined
    const clientAuth = {
      mode,
      authorities: [...new Set(authorities)],
      ...(lists === undefined ? {} : { crls: lists.map(({ der }) => place(crlFile, der)) }),
      ...(maxIntermediates === undefined ? {} : { maxIntermediates }),
      secret: secretKey(from),
    }
    return { clientAuth, files, ends: (lists ?? []).map(({ value }: { value: Crl }) => value.nextUpdate) }
  } catch (error) {
    if (!(error instanceof IssueError)) throw error
    return closed(error.reason, error.message)
  }
}

/** Nobody is believed: what is left where the authorities can not be known, and never could. */
export function believeNobody({ authorities }: ClientAuthInput): BundleClientAuth {
  return { mode: 'Require', authorities: [], secret: authorities === undefined ? 'none' : secretKey(authorities) }
}

function closed(reason: Reason, message: string): ClosedClientAuth {
  return { reason, message }
}

/** Parses each block of one kind, of which there has to be one. */
function read<Value>(
  { namespace, name, data }: SecretInput,
  field: string,
  label: string,
  parse: (der: Uint8Array) => Value,
): { readonly der: Uint8Array; readonly value: Value }[] {
  const where = `Secret ${namespace}/${name}: ${field}`
  const text = data?.[field]
  if (text === undefined || text === '') throw new IssueError('MalformedPEM', `${where} is not there`)
  try {
    const blocks = parsePem(latin1(text)).filter((block) => block.label === label)
    if (blocks.length === 0) throw new IssueError('MalformedPEM', `found no ${label} block`)
    return blocks.map(({ der }) => ({ der, value: parse(der) }))
  } catch (error) {
    if (error instanceof IssueError) throw new IssueError(error.reason, `${where}: ${error.message}`)
    throw error
  }
}

function latin1(base64: string): string {
  const bytes = fromBase64(base64)
  if (bytes === undefined) throw new IssueError('MalformedPEM', 'not base64')
  return new TextDecoder('latin1').decode(bytes)
}

/** As ingress-nginx has them too. */
export const authoritiesKey = 'ca.crt'
export const listsKey = 'ca.crl'
