import type { ServerFaultReason } from '../../../src/tls/client/faults.ts'

/** What only a server of TLS 1.2 can do wrong: tls12-fault.test.ts provokes it, and fault.test.ts all the rest. */
export const tls12Reasons = [
  'downgrade-signalled',
  'renegotiation-info-missing',
  'renegotiation-info-wrong',
  'extended-master-secret-missing',
  'session-not-offered',
  'session-of-another-suite',
  'suite-of-another-key',
] as const satisfies readonly ServerFaultReason[]
