import type { Alert } from '../../wire/alert.ts'
import { alertDescription } from '../../wire/code-points.ts'
import { fault } from '../fault.ts'
import type { VersionName } from '../version.ts'

/**
 * What a version of TLS says of alerts and of keys that wear out: the same questions, answered side by side. (How it
 * protects records is its RecordProtection's; what change_cipher_spec means, its states'.)
 */
export interface RecordRules {
  /** Whether the connection ends by an alert of one of the two levels that is not close_notify. Throws Fault. */
  endedBy(alert: Alert): boolean
  /** Whether a KeyUpdate can bring fresh keys; where none can, the connection ends with the key. */
  readonly keyUpdates: boolean
}

export const recordRules: Readonly<Record<VersionName, RecordRules>> = {
  'TLSv1.3': {
    // RFC 8446 §6.1: user_canceled is followed by close_notify. §6.2: all others are errors, and must not call themselves
    // warnings; who does is answered, as BoringSSL and rustls answer it.
    endedBy({ level, description }) {
      if (description === alertDescription.user_canceled) return false
      if (level === 1) throw fault('error-alert-as-warning', `alert ${description}`)
      return true
    },
    keyUpdates: true,
  },
  'TLSv1.2': {
    // RFC 5246 §7.2.2: a warning may be passed over.
    endedBy: ({ level }) => level === 2,
    keyUpdates: false,
  },
}
