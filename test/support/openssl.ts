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
    openssl(['req', '-x509', ...(request.algorithm ?? algorithms['ecdsa-p256']), '-nodes', '-keyout', at('key'), '-out', at('pem'),
      '-subj', request.subject ?? '/CN=shop.example.test', '-days', String(request.days ?? 30), ...extensions, ...authority])
    return { certificate: readFileSync(at('pem'), 'utf8'), key: readFileSync(at('key'), 'utf8') }
  })
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
