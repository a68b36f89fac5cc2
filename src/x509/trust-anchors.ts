import { equal } from '../bytes/arrays.ts'
import { parseCertificate, type Certificate } from './certificate.ts'
import { IssueError } from './issue.ts'
import { parsePem } from './pem.ts'

/** The authorities that somebody has chosen to believe; made once, asked by every handshake. */
export class TrustAnchors {
  readonly certificates: readonly Certificate[]
  readonly #bySubject: ReadonlyMap<string, readonly Certificate[]>

  constructor(certificates: readonly Certificate[]) {
    const bySubject = new Map<string, Certificate[]>()
    for (const one of certificates) {
      const same = bySubject.get(one.subject.key)
      if (same === undefined) bySubject.set(one.subject.key, [one])
      else if (!same.some(({ der }) => equal(der, one.der))) same.push(one)
    }
    this.certificates = [...bySubject.values()].flat()
    this.#bySubject = bySubject
  }

  /** Those with this subject. */
  named(subjectKey: string): readonly Certificate[] {
    return this.#bySubject.get(subjectKey) ?? []
  }

  /** Whether this very certificate is one of them. */
  holds(certificate: Certificate): boolean {
    return this.named(certificate.subject.key).some(({ der }) => equal(der, certificate.der))
  }
}

/** Every certificate of a PEM text. Throws IssueError, also where there is none. */
export function parseTrustAnchors(pem: string): TrustAnchors {
  const blocks = parsePem(pem).filter(({ label }) => label === 'CERTIFICATE')
  if (blocks.length === 0) throw new IssueError('MalformedPEM', 'found no CERTIFICATE block among the authorities')
  return new TrustAnchors(blocks.map(({ der }) => parseCertificate(der)))
}
