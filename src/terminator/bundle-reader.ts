/**
 * Files in, a verified snapshot out. All or nothing: a bundle of which one file is missing or does not belong is not
 * served at all, and the one before it is kept.
 */
import { randomBytes } from 'node:crypto'
import { readFile, readlink, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { BundleCredential, Generation } from '../api/bundle.ts'
import { BundleError } from '../api/bundle-fields.ts'
import type { BundleClientAuth, BundleTickets } from '../api/bundle-settings.ts'
import { certificateFile, crlFile, keyFile, manifestFile, parseManifest, ticketFile } from '../api/bundle.ts'
import { defaultTlsGroups } from '../api/tls-groups.ts'
import { fromHex, toHex } from '../bytes/hex.ts'
import type { CryptoProvider } from '../crypto/provider.ts'
import { parseCertificate } from '../x509/certificate.ts'
import type { Credential } from '../x509/credential.ts'
import { parseCrl } from '../x509/crl.ts'
import { servedCredential, servedCredentialPem } from '../x509/served-credential.ts'
import type { BundleSource } from './settings.ts'
import type { Snapshot, SnapshotClientAuth, SnapshotTickets } from './snapshot.ts'

/** Changes whenever the files may have: what is polled instead of reading them all. */
export async function stamp(source: BundleSource): Promise<string> {
  const paths = source.kind === 'bundle' ? [join(source.directory, manifestFile)] : [source.certificate, source.key]
  const stats = await Promise.all(paths.map((path) => stat(path, { bigint: true })))
  const stamps = stats.map(({ dev, ino, size, mtimeNs }) => `${dev}:${ino}:${size}:${mtimeNs}`)
  if (source.kind === 'bundle') stamps.push((await namedGeneration(source)) ?? '')
  return stamps.join(' ')
}

/** Reads, parses and verifies everything. Throws an error that says what is wrong, and holds nothing secret. */
export async function readSnapshot(source: BundleSource, crypto: CryptoProvider): Promise<Snapshot> {
  return source.kind === 'bundle' ? readBundle(source, crypto) : readFiles(source, crypto)
}

async function readBundle(source: OperatorBundle, crypto: CryptoProvider): Promise<Snapshot> {
  const root = await currentDirectory(source.directory)
  const { committed, candidate, tickets } = parseManifest(await readFile(join(root, manifestFile), 'utf8'))
  // Only a pod that is told the candidate's name serves it. Any other name is one that has come too early or too late:
  // the annotation and the bundle reach the pod each in its own time.
  const named = await namedGeneration(source)
  const generation = candidate !== undefined && candidate.id === named ? candidate : committed
  const read = await snapshot(generation, root, crypto)
  return tickets === undefined ? read : { ...read, tickets: await readTickets(tickets, root) }
}

/** What the pod's annotation names, by the downward API; undefined where there is no such file. */
async function namedGeneration({ generationFile }: OperatorBundle): Promise<string | undefined> {
  if (generationFile === undefined) return undefined
  try {
    return (await readFile(generationFile, 'utf8')).trim()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/**
 * The kubelet writes a volume into a directory of its own and then turns the symlink `..data` to it (AtomicWriter), so
 * whoever follows the link once reads files of one and the same version. Without the link the directory is plain.
 */
async function currentDirectory(directory: string): Promise<string> {
  try {
    return join(directory, await readlink(join(directory, '..data')))
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'EINVAL'))
      return directory
    throw error
  }
}

async function snapshot(generation: Generation, root: string, crypto: CryptoProvider): Promise<Snapshot> {
  // Many hosts share a credential, and many chains an intermediate: each is read and kept once.
  const files = new Map<string, Promise<Uint8Array>>()
  const credentials = new Map<string, Promise<Credential>>()
  const file = (name: string, hash: string): Promise<Uint8Array> =>
    remember(files, name, async () => {
      const der = await readFile(join(root, name))
      const digest = crypto.hash('SHA-256')
      digest.update(der)
      if (toHex(digest.digest()) !== hash) throw new BundleError(name, `${der.length} bytes`, 'content of that SHA-256')
      return new Uint8Array(der)
    })
  const certificate = (hash: string): Promise<Uint8Array> => file(certificateFile(hash), hash)
  const credential = (reference: BundleCredential): Promise<Credential> =>
    remember(credentials, [reference.key, ...reference.chain].join(), async () => {
      const chain: Uint8Array[] = []
      for (const hash of reference.chain) chain.push(await certificate(hash))
      return servedCredential(chain, new Uint8Array(await readFile(join(root, keyFile(reference.key)))), crypto)
    })
  const all = async (references: readonly BundleCredential[]): Promise<Credential[]> => {
    const parsed: Credential[] = []
    // One after the other: ten thousand open files at once would be too many.
    for (const reference of references) parsed.push(await credential(reference))
    return parsed
  }
  const clients = new Map<string, Promise<SnapshotClientAuth>>()
  const asked = async (from: BundleClientAuth | undefined): Promise<{ clientAuth?: SnapshotClientAuth }> => {
    if (from === undefined) return {}
    const { mode, authorities, crls, maxIntermediates } = from
    const clientAuth = await remember(clients, JSON.stringify(from), async () => ({
      mode,
      authorities: await Promise.all(authorities.map(certificate)),
      ...(crls === undefined ? {} : { crls: await Promise.all(crls.map((hash) => file(crlFile(hash), hash))) }),
      ...(maxIntermediates === undefined ? {} : { maxIntermediates }),
    }))
    // What workers will parse must be known to be good here, where it can still be refused.
    for (const der of clientAuth.authorities) parseCertificate(der)
    for (const der of clientAuth.crls ?? []) parseCrl(der)
    return { clientAuth }
  }
  const hosts = []
  for (const { names, credentials, clientAuth } of generation.hosts)
    hosts.push({ names, credentials: await all(credentials), ...(await asked(clientAuth)) })
  const fallback = generation.defaultCredentials
  return {
    generation: generation.id,
    tls: generation.tls,
    hosts,
    defaultCredentials: fallback === undefined ? undefined : await all(fallback),
    ...(await asked(generation.tls.clientAuth)),
  }
}

async function readTickets({ keys, lifetimeSeconds }: BundleTickets, root: string): Promise<SnapshotTickets> {
  const read = []
  for (const { name } of keys) {
    const key = new Uint8Array(await readFile(join(root, ticketFile(name))))
    if (key.length !== 32) throw new BundleError(ticketFile(name), `${key.length} bytes`, '32 bytes')
    read.push({ name: fromHex(name), key })
  }
  return { keys: read, lifetimeSeconds }
}

async function readFiles(
  { certificate, key, alpn }: Extract<BundleSource, { kind: 'files' }>,
  crypto: CryptoProvider,
): Promise<Snapshot> {
  const credential = servedCredentialPem(await readFile(certificate, 'utf8'), await readFile(key, 'utf8'), crypto)
  return {
    generation: generationOf(credential, crypto),
    tls: { groups: defaultTlsGroups, alpn },
    hosts: credential.names.length === 0 ? [] : [{ names: credential.names, credentials: [credential] }],
    // There is one certificate and no policy: every name gets it.
    defaultCredentials: [credential],
    tickets: ownTickets,
  }
}

/** Of the whole chain: an intermediate may come later, or be renewed, while the leaf stays as it is. */
function generationOf({ chain }: Credential, crypto: CryptoProvider): string {
  const digest = crypto.hash('SHA-256')
  for (const der of chain) digest.update(der)
  return toHex(digest.digest()).slice(0, 16)
}

/** Of this process, and gone with it. Nobody renews the key: what runs for months has an operator, and a bundle. */
const ownTickets: SnapshotTickets = {
  keys: [{ name: new Uint8Array(randomBytes(16)), key: new Uint8Array(randomBytes(32)) }],
  lifetimeSeconds: 12 * 60 * 60,
}

type OperatorBundle = Extract<BundleSource, { kind: 'bundle' }>

function remember<Value>(known: Map<string, Promise<Value>>, key: string, make: () => Promise<Value>): Promise<Value> {
  const found = known.get(key) ?? make()
  known.set(key, found)
  return found
}
