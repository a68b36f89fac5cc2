/** What comes out of a compilation, and the notes that are taken on the way to it. */
import type { Reason } from '../../api/reasons.ts'
import type { CertificateStatus } from '../../api/tls-policy-status.ts'
import type { Expectation } from './rollout.ts'
import { secretKey, type SecretInput } from './secret-input.ts'

export interface Compiled {
  /** The new bundle; undefined where not one certificate can be served, or more than a Secret can hold. */
  readonly bundle?: { readonly generation: string; readonly data: Readonly<Record<string, string>> }
  /** One for each host and Secret, in the order of hosts; the fallback's host is `*`. */
  readonly status: readonly CertificateStatus[]
  /** What each host serves to a client of each key type. */
  readonly expectations: readonly Expectation[]
  /** Secrets that are named and not there. */
  readonly missing: readonly { readonly namespace: string; readonly name: string }[]
  readonly issues: readonly CompileIssue[]
  /** When the clock alone will change the outcome: the next notBefore or notAfter. */
  readonly nextChange?: Date
}

/** A finding about a Secret or the whole: an error holds something back, a warning does not. */
export interface CompileIssue {
  readonly reason: Reason
  readonly severity: 'error' | 'warning'
  readonly message: string
  /** `namespace/name` */
  readonly secret?: string
  readonly host?: string
}

/** What is found out besides the bundle. Never a key. */
export class Notes {
  readonly status: CertificateStatus[] = []
  readonly issues: CompileIssue[] = []
  readonly #missing = new Map<string, { readonly namespace: string; readonly name: string }>()
  readonly #changes: Date[] = []

  error(issue: Omit<CompileIssue, 'severity'>): void {
    this.issues.push({ severity: 'error', ...issue })
  }

  warning(issue: Omit<CompileIssue, 'severity'>): void {
    this.issues.push({ severity: 'warning', ...issue })
  }

  /** A Secret that is named is not there. */
  misses(secret: SecretInput): void {
    this.#missing.set(secretKey(secret), { namespace: secret.namespace, name: secret.name })
  }

  /** At these times the outcome may become another. */
  changesAt(...times: readonly Date[]): void {
    this.#changes.push(...times)
  }

  /** All but the bundle, and what it makes expect. */
  summary(now: Date): Pick<Compiled, 'status' | 'issues' | 'missing' | 'nextChange'> {
    const [next] = this.#changes.filter((at) => at > now).toSorted((a, b) => a.getTime() - b.getTime())
    return {
      status: this.status,
      missing: [...this.#missing.values()],
      issues: this.issues,
      ...(next === undefined ? {} : { nextChange: next }),
    }
  }
}
