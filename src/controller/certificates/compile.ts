/**
 * Secrets in, the bundle out. What goes in: for each group of hosts the Secrets that are to serve them, and the bundle
 * that is there now. What comes out: the new bundle Secret's data, what became of each host's Secrets, and what pods
 * should be seen to serve. A Secret that cannot be served holds back its own hosts only; they keep the last good
 * certificate, which lives in the bundle. Pure: equal input gives equal bytes, and new ticket keys come from `random`, which is
 * handed in. Keys go into `data` and nowhere else.
 */
import {
  certificateFile,
  identify,
  keyFile,
  manifestFile,
  parseManifest,
  writeManifest,
  type BundleCredential,
  type BundleHost,
} from '../../api/bundle.ts'
import type { TlsSettings } from '../../api/bundle-settings.ts'
import { toHex } from '../../bytes/hex.ts'
import { parseCertificate } from '../../x509/certificate.ts'
import { wildcardOf } from '../../x509/host-name.ts'
import { encodePkcs8 } from '../../x509/private-key.ts'
import { AskedClients, type ClientsInput } from './asked-clients.ts'
import { compare } from './compare.ts'
import { Notes, type Compiled } from './compiled.ts'
import { HostCredentials } from './host-credentials.ts'
import { claims, type HostGroup } from './host-group.ts'
import { digest, fallbackHost, LastGood, type Served } from './last-good.ts'
import type { SecretInput } from './secret-input.ts'
import { ticketKeys, type TicketsInput } from './ticket-keys.ts'

export interface CompileInput extends ClientsInput {
  readonly groups: readonly HostGroup[]
  /** Served to unknown names; left out, they are refused. */
  readonly fallback?: readonly SecretInput[]
  readonly tls: TlsSettings
  /** Left out: no session is resumed. */
  readonly tickets?: TicketsInput
  /** Data of the bundle Secret as it is now, base64: where the last good certificates are. */
  readonly previous?: Readonly<Record<string, string>>
  readonly now: Date
}

/** The API server refuses a Secret whose values are more than this together, in bytes. */
export const maxBundleBytes = 1024 * 1024

export function compile(input: CompileInput): Compiled {
  const steps = compileStepwise(input)
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/** The same in steps of a host each: a thousand of them take a tenth of a second, and a webhook must not wait so long. */
export function* compileStepwise(input: CompileInput): Generator<void, Compiled> {
  const notes = new Notes()
  const lastGood = new LastGood(input.previous, input.crypto, (why) =>
    notes.warning({
      reason: 'CertificateHeldBack',
      message: `the present bundle cannot be read, so it has no last good certificates: ${why}`,
    }),
  )
  yield
  const credentials = new HostCredentials(input, lastGood, notes)
  const hosts = new Map<string, readonly Served[]>()
  for (const [host, groups] of claims(input.groups)) {
    hosts.set(host, credentials.serve(host, credentials.choose(host, groups)))
    yield
  }
  const fallback = input.fallback === undefined ? [] : credentials.serve(fallbackHost, input.fallback)
  // A host that asks something of its clients must not be served by an entry that asks nothing, or something else.
  const apart = new Map(hosts)
  for (const host of input.hostClientAuth?.keys() ?? lastGood.asking) {
    const served = [apart.get(host), hosts.get(wildcardOf(host) ?? ''), fallback].find((one) => (one?.length ?? 0) > 0)
    if (served !== undefined) apart.set(host, served)
  }
  const bundle = yield* write(input, apart, fallback, lastGood, notes)
  // Without a new bundle pods go on with the old one, of which nothing is promised here.
  const expectations = bundle === undefined ? [] : [...hosts].flatMap(([host, served]) => expected(host, served))
  return { ...notes.summary(input.now), expectations, ...(bundle === undefined ? {} : { bundle }) }
}

function expected(host: string, served: readonly Served[]): Compiled['expectations'] {
  return served.map(({ credential: { publicKey, fingerprint } }) => ({ host, keyType: publicKey.kind, fingerprint }))
}

/** `hosts`: also those that need an entry of their own though another one's certificate serves them. */
function* write(
  input: CompileInput,
  hosts: ReadonlyMap<string, readonly Served[]>,
  fallback: readonly Served[],
  lastGood: LastGood,
  notes: Notes,
): Generator<void, Compiled['bundle']> {
  const { crypto, tls, now } = input
  const files = new Map<string, Uint8Array>()
  const asked = new AskedClients(input, lastGood, notes, files)
  const sha256 = (bytes: Uint8Array): Uint8Array => digest(crypto, bytes)
  const place = ({ credential, secret }: Served): BundleCredential => {
    const chain = credential.chain.map((der) => {
      const hash = toHex(sha256(der))
      files.set(certificateFile(hash), der)
      return hash
    })
    const leaf = parseCertificate(credential.chain[0] as Uint8Array) // a Credential has a leaf
    const spki = toHex(sha256(leaf.subjectPublicKeyInfo))
    files.set(keyFile(spki), encodePkcs8(credential.privateKey))
    return { chain, key: spki, secret }
  }
  // Hosts with the same credentials, that ask the same of clients, share an entry.
  const entries = new Map<string, BundleHost & { names: string[] }>()
  for (const [host, served] of hosts) {
    if (served.length === 0) continue
    const clientAuth = asked.ofHost(host)
    const shared = { credentials: served.map(place), ...(clientAuth === undefined ? {} : { clientAuth }) }
    const id = JSON.stringify(shared)
    const entry = entries.get(id)
    if (entry === undefined) entries.set(id, { names: [host], ...shared })
    else entry.names.push(host)
    yield
  }
  const defaultCredentials = fallback.map(place)
  if (entries.size === 0 && defaultCredentials.length === 0) return undefined
  const clientAuth = asked.ofAll()
  if (clientAuth === 'unknown') return undefined
  const content = {
    tls: clientAuth === undefined ? tls : { ...tls, clientAuth },
    hosts: [...entries.values()],
    ...(defaultCredentials.length === 0 ? {} : { defaultCredentials }),
  }
  const tickets = input.tickets && ticketKeys(input.tickets, lastGood, now)
  for (const [name, bytes] of tickets?.files ?? []) files.set(name, bytes)
  if (tickets !== undefined) notes.changesAt(tickets.nextChange)
  yield
  const committed = identify(content, sha256, { hasTickets: tickets !== undefined })
  const manifest = writeManifest(tickets === undefined ? { committed } : { committed, tickets: tickets.tickets })
  // What comes of other people's Ingresses must never be what every sidecar refuses; then it is we who stop.
  parseManifest(manifest)
  files.set(manifestFile, new TextEncoder().encode(manifest))
  yield
  const size = [...files.values()].reduce((sum, bytes) => sum + bytes.length, 0)
  if (size > maxBundleBytes) {
    notes.error({ reason: 'BundleTooLarge', message: tooLarge(size, files.size, hosts.size) })
    return undefined
  }
  const data: Record<string, string> = {}
  for (const [file, bytes] of [...files].toSorted(([a], [b]) => compare(a, b))) {
    data[file] = toBase64(bytes)
    yield
  }
  return { generation: committed.id, data }
}

function tooLarge(size: number, files: number, hosts: number): string {
  return (
    `the bundle of ${hosts} hosts has ${files} files of ${size} bytes together, and a Secret holds ${maxBundleBytes}: ` +
    'use ECDSA keys instead of RSA, leave the root out of the chains, put several hosts into one certificate or ' +
    'use a wildcard, or spread the hosts over several policies; until then the present bundle is served'
  )
}

function toBase64(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += String.fromCharCode(byte)
  return btoa(text)
}
