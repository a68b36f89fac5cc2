import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A certificate and its key as PEM, made by the openssl command, so that our parser is held against somebody else's writer. */
export interface Issued {
  readonly certificate: string
  readonly key: string
}

export interface Request {
  readonly algorithm?: readonly string[]
  readonly subject?: string
  readonly extensions?: readonly string[]
  readonly issuer?: Issued
  readonly days?: number
  /** More arguments for how it is signed, such as `-sha384` or `-sigopt`. */
  readonly signing?: readonly string[]
  /** Another certificate for the same key. */
  readonly key?: string
}

export const algorithms = {
  'ecdsa-p256': ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  'ecdsa-p384': ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384'],
  ed25519: ['-newkey', 'ed25519'],
  rsa: ['-newkey', 'rsa:2048'],
} as const

export function issue(request: Request): Issued {
  return inDirectory((directory) => {
    const at = (name: string): string => join(directory, name)
    const extensions = (request.extensions ?? ['subjectAltName=DNS:shop.example.test']).flatMap((e) => ['-addext', e])
    const authority: string[] = []
    if (request.issuer !== undefined) {
      writeFileSync(at('ca.pem'), request.issuer.certificate)
      writeFileSync(at('ca.key'), request.issuer.key)
      authority.push('-CA', at('ca.pem'), '-CAkey', at('ca.key'))
    }
    // prettier-ignore
    openssl(['req', '-x509', ...keyOf(request, at('key')), '-out', at('pem'), ...(request.signing ?? []),
      '-subj', request.subject ?? '/CN=shop.example.test', '-days', String(request.days ?? 30), ...extensions, ...authority])
    return { certificate: readFileSync(at('pem'), 'utf8'), key: readFileSync(at('key'), 'utf8') }
  })
}

/** What `revocationList` is asked for. */
export interface Revocation {
  readonly issuer: Issued
  /** Hex. */
  readonly serials?: readonly string[]
  /** `-crl_lastupdate`, `-crl_nextupdate`, `-crlexts` and the like; left out: from now on for a day. */
  readonly args?: readonly string[]
  /** A section `[ext]` of CRL extensions. */
  readonly extensions?: readonly string[]
}

/** A CRL as PEM, made by the openssl command. */
export function revocationList({ issuer, serials = [], args = ['-crlhours', '24'], extensions }: Revocation): string {
  return inDirectory((directory) => {
    const at = (name: string): string => join(directory, name)
    writeFileSync(at('ca.pem'), issuer.certificate)
    writeFileSync(at('ca.key'), issuer.key)
    writeFileSync(
      at('index'),
      serials.map((serial) => `R\t491231235959Z\t240101000000Z\t${serial}\tunknown\t/CN=x\n`).join(''),
    )
    writeFileSync(at('number'), '01\n')
    const section = extensions === undefined ? [] : ['[ext]', ...extensions]
    const settings = [`database=${at('index')}`, `crlnumber=${at('number')}`, 'default_md=sha256']
    writeFileSync(at('config'), ['[ca]', 'default_ca=it', '[it]', ...settings, ...section, ''].join('\n'))
    // prettier-ignore
    openssl(['ca', '-gencrl', '-config', at('config'), '-cert', at('ca.pem'), '-keyfile', at('ca.key'), '-out', at('crl'),
      ...args, ...(extensions === undefined ? [] : ['-crlexts', 'ext'])])
    return readFileSync(at('crl'), 'utf8')
  })
}

function keyOf({ key, algorithm = algorithms['ecdsa-p256'] }: Request, path: string): string[] {
  if (key === undefined) return [...algorithm, '-nodes', '-keyout', path]
  writeFileSync(path, key)
  return ['-key', path]
}

/** Runs openssl on a PEM text, and returns what it prints. */
export function convert(input: string, args: readonly string[]): string {
  return inDirectory((directory) => {
    writeFileSync(join(directory, 'in'), input)
    return openssl([...args, '-in', join(directory, 'in')])
  })
}

function openssl(args: readonly string[]): string {
  return execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}

function inDirectory<T>(body: (directory: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), 'chitin-openssl-'))
  try {
    return body(directory)
  } finally {
    rmSync(directory, { recursive: true })
  }
}
