/** Secrets as nobody should write them, each with a private key where it may come to light. */
import { createPrivateKey } from 'node:crypto'
import type { Secret } from './key-search.ts'
import { algorithms, convert, issue, type Issued } from './openssl.ts'

/** What stands in a Secret of type kubernetes.io/tls, as text or as bytes. */
export interface HostileSecret {
  readonly name: string
  readonly certificate: string | Uint8Array
  readonly key: string | Uint8Array
}

/** One for each way to get a good pair wrong; `other` is somebody else's. */
export function hostileSecrets({ certificate, key }: Issued, other: Issued): HostileSecret[] {
  const [body, der] = [bodyOf(key), derOf(key)]
  const secret = (name: string, over: Partial<HostileSecret>): HostileSecret => ({ name, certificate, key, ...over })
  return [
    secret('swapped', { certificate: key, key: certificate }),
    secret('key-twice', { certificate: key }),
    secret('key-of-another', { key: other.key }),
    secret('key-in-the-chain', { certificate: certificate + key + other.key + certificate }),
    secret('key-inside-the-certificate', { certificate: certificate.replace('\n', `\n${key}`) }),
    secret('key-as-a-certificate', { certificate: block('CERTIFICATE', body) }),
    secret('key-behind-a-header', { key: block('PRIVATE KEY', `Key: ${body}`) }),
    secret('certificate-in-the-key', { key: block('PRIVATE KEY', bodyOf(certificate)) }),
    secret('cut-short', { key: key.slice(0, key.length / 2) }),
    secret('cut-inside', { key: block('PRIVATE KEY', body.slice(0, body.length / 2)) }),
    secret('cut-in-der', { key: block('PRIVATE KEY', Buffer.from(der.subarray(0, -9)).toString('base64')) }),
    secret('longer-than-its-der', { key: block('PRIVATE KEY', Buffer.concat([der, der]).toString('base64')) }),
    secret('bare-der', { key: der }),
    secret('bare-base64', { key: body }),
    secret('pem-in-pem', { key: block('PRIVATE KEY', Buffer.from(key).toString('base64')) }),
    secret('one-line', { key: key.replaceAll('\n', ' ') }),
    secret('escaped-lines', { key: key.replaceAll('\n', String.raw`\n`) }),
    secret('utf-16', { key: Buffer.from(key, 'utf16le') }),
    secret('wrong-label', { key: block('RSA PRIVATE KEY', body) }),
    secret('unknown-label', { key: block('OPENSSH PRIVATE KEY', body) }),
    secret('no-base64', { key: key.replace(body.slice(8, 12), '!*!*') }),
    secret('huge', { key: block('PRIVATE KEY', body.replaceAll('=', '').repeat(Math.floor(700_000 / body.length))) }),
    secret('many-keys', { certificate: key.repeat(Math.floor(600_000 / key.length)) }),
    secret('encrypted', { key: convert(key, ['pkcs8', '-topk8', '-passout', 'pass:secret', '-v2', 'aes-256-cbc']) }),
    secret('encrypted-of-old', { key: block('EC PRIVATE KEY', `Proc-Type: 4,ENCRYPTED\n\n${body}`) }),
    ...[2, 7, 30, 40, der.length - 3].map((at) =>
      secret(`flipped-at-${at}`, { key: block('PRIVATE KEY', flipped(der, at)) }),
    ),
  ]
}

/** One bit flipped, as base64. */
export function flipped(der: Uint8Array, at: number, mask = 1): string {
  return Buffer.from(der.map((byte, index) => (index === at ? byte ^ mask : byte))).toString('base64')
}

/**
 * What nobody may see of a key: its private numbers, and the letters of its PEM lines that stand for them. The rest of it
 * is in each certificate.
 */
export function secretsOf(name: string, key: string): Secret[] {
  const numbers = createPrivateKey(key).export({ format: 'jwk' }) as Record<string, string>
  return ['d', 'p', 'q', 'dp', 'dq', 'qi'].flatMap((part) => {
    const bytes = Buffer.from(numbers[part] ?? '', 'base64url')
    if (bytes.length === 0) return []
    const letters = Buffer.from(lettersOf(key, bytes))
    return [
      { name: `${name}: ${part}`, bytes },
      { name: `${name}: PEM of ${part}`, bytes: letters },
    ]
  })
}

/** The letters of PEM lines, with their breaks, that stand for a part of the DER and for nothing else. */
function lettersOf(pem: string, part: Uint8Array): string {
  const at = derOf(pem).indexOf(part)
  if (at < 0) throw new Error('the PEM has no such part')
  const letters = Array.from(bodyOf(pem), (letter, index) => (index % 64 === 63 ? `${letter}\n` : letter))
  return letters.slice(Math.ceil((at * 4) / 3), Math.floor(((at + part.length) * 4) / 3)).join('')
}

/** Lines of PEM around a text. */
export function block(label: string, text: string): string {
  return `-----BEGIN ${label}-----\n${text}\n-----END ${label}-----\n`
}

/** A good pair of each kind of key. */
export function pairs(extensions: readonly string[]): Record<keyof typeof algorithms, Issued> {
  const make = (algorithm: readonly string[]): Issued => issue({ algorithm, extensions })
  return Object.fromEntries(Object.entries(algorithms).map(([kind, how]) => [kind, make(how)])) as Record<
    keyof typeof algorithms,
    Issued
  >
}

export function derOf(pem: string): Buffer {
  return Buffer.from(bodyOf(pem), 'base64')
}

function bodyOf(pem: string): string {
  return pem
    .split('\n')
    .filter((line) => !line.startsWith('-----'))
    .join('')
}
