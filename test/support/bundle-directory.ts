/** A bundle on disk as the kubelet leaves it: files in a directory of their own, and a symlink that is turned to it. */
import { createHash, createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { BundleCredential, BundleHost, BundleManifest, Generation } from '../../src/api/bundle.ts'
import { certificateFile, identify, keyFile, manifestFile, parseManifest, writeManifest } from '../../src/api/bundle.ts'
import type { CredentialKind } from './credentials.ts'
import type { Issued } from './openssl.ts'

export type Files = ReadonlyMap<string, string | Uint8Array>

export interface HostSpec {
  readonly names: readonly string[]
  readonly credentials: readonly Issued[]
}

/** The certificate and key in test/vectors/credentials. */
export function vectorPem(kind: CredentialKind): Issued {
  const at = join(import.meta.dirname, '..', 'vectors', 'credentials', kind)
  return { certificate: readFileSync(`${at}.pem`, 'utf8'), key: readFileSync(`${at}.key`, 'utf8') }
}

/** The files of a bundle, by name. */
export function bundleFiles(
  hosts: readonly HostSpec[],
  defaults?: readonly Issued[],
): Map<string, string | Uint8Array> {
  const files = new Map<string, string | Uint8Array>()
  const store = ({ certificate, key }: Issued): BundleCredential => {
    const chain = certificate
      .split(/(?<=-----END CERTIFICATE-----)\s*/)
      .filter((pem) => pem.includes('BEGIN'))
      .map((pem) => new Uint8Array(new X509Certificate(pem).raw))
    for (const der of chain) files.set(certificateFile(sha256(der)), der)
    const spki = new Uint8Array(createPublicKey(certificate).export({ type: 'spki', format: 'der' }))
    const pkcs8 = new Uint8Array(createPrivateKey(key).export({ type: 'pkcs8', format: 'der' }))
    files.set(keyFile(sha256(spki)), pkcs8)
    return { chain: chain.map(sha256), key: sha256(spki) }
  }
  const stored: BundleHost[] = hosts.map(({ names, credentials }) => ({ names, credentials: credentials.map(store) }))
  const content: Omit<Generation, 'id'> = {
    tls: { groups: ['X25519', 'P-256'], alpn: ['h2', 'http/1.1'] },
    hosts: stored,
    ...(defaults === undefined ? {} : { defaultCredentials: defaults.map(store) }),
  }
  files.set(manifestFile, writeManifest({ committed: identify(content, digest) }))
  return files
}

/** A bundle in the middle of a rotation: what `committed` commits, and what `candidate` commits as its candidate. */
export function rotation(committed: Files, candidate: Files): Map<string, string | Uint8Array> {
  const manifest = writeManifest({ ...manifestOf(committed), candidate: manifestOf(candidate).committed })
  return new Map([...candidate, ...committed, [manifestFile, manifest]])
}

/** The id of the generation that these files commit. */
export function generationOf(files: Files): string {
  return manifestOf(files).committed.id
}

function manifestOf(files: Files): BundleManifest {
  return parseManifest(String(files.get(manifestFile)))
}

let version = 0

/** Writes the files as one new version, in the steps of the kubelet's AtomicWriter. */
export function writeAtomically(directory: string, files: Files): void {
  const fresh = `..version_${version++}`
  mkdirSync(join(directory, fresh))
  for (const [name, content] of files) writeFileSync(join(directory, fresh, name), content)
  const old = readdirSync(directory).includes('..data') ? readlinkSync(join(directory, '..data')) : undefined
  symlinkSync(fresh, join(directory, '..data_tmp'))
  renameSync(join(directory, '..data_tmp'), join(directory, '..data'))
  const visible = readdirSync(directory).filter((name) => !name.startsWith('..'))
  for (const name of files.keys()) if (!visible.includes(name)) symlinkSync(join('..data', name), join(directory, name))
  for (const name of visible) if (!files.has(name)) rmSync(join(directory, name))
  if (old !== undefined) rmSync(join(directory, old), { recursive: true })
}

function digest(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest())
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
