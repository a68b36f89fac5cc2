/** What is measured: each scenario is one call of the load client, and says what a unit of its work is. */

export interface Scenario {
  readonly id: string
  readonly title: string
  /** Of the server's CPU time for one unit. */
  readonly unit: 'µs per connection' | 'µs per request' | 's per GiB'
  readonly certificate: CertificateKind
  /** Of the load client. */
  readonly mode: 'connect' | 'resume' | 'http1' | 'http2' | 'download' | 'upload'
  readonly group: 'X25519' | 'X25519MLKEM768'
  /** The only one that the client offers; left out: TLS 1.3. */
  readonly version?: '1.2'
  readonly connections: number
}

export type CertificateKind = 'ecdsa' | 'rsa'

export const scenarios: readonly Scenario[] = [
  connections('new-ecdsa', 'new connection, ECDSA P-256, X25519', { mode: 'connect' }),
  connections('new-rsa', 'new connection, RSA-2048, X25519', { mode: 'connect', certificate: 'rsa' }),
  connections('new-mlkem', 'new connection, ECDSA P-256, X25519MLKEM768', { mode: 'connect', group: 'X25519MLKEM768' }),
  connections('resumed', 'resumed connection, X25519', { mode: 'resume' }),
  connections('new-tls12', 'new connection of TLS 1.2, ECDSA P-256', { mode: 'connect', version: '1.2' }),
  connections('resumed-tls12', 'resumed connection of TLS 1.2', { mode: 'resume', version: '1.2' }),
  { ...kept('request-http1', 'request of 1 KB, HTTP/1.1', 'µs per request'), mode: 'http1', connections: 16 },
  { ...kept('request-http2', 'request of 1 KB, HTTP/2', 'µs per request'), mode: 'http2', connections: 16 },
  { ...kept('download', 'download', 's per GiB'), mode: 'download', connections: 4 },
  { ...kept('upload', 'upload', 's per GiB'), mode: 'upload', connections: 4 },
]

/** CPU seconds for `count` connections, requests or bytes, in the scenario's unit. */
export function cost({ unit }: Scenario, cpuSeconds: number, count: number): number {
  return unit === 's per GiB' ? (cpuSeconds / count) * 2 ** 30 : (cpuSeconds / count) * 1e6
}

function connections(
  id: string,
  title: string,
  particular: Pick<Scenario, 'mode'> & Partial<Pick<Scenario, 'certificate' | 'group' | 'version'>>,
): Scenario {
  return { id, title, unit: 'µs per connection', certificate: 'ecdsa', group: 'X25519', connections: 16, ...particular }
}

function kept(id: string, title: string, unit: Scenario['unit']) {
  return { id, title, unit, certificate: 'ecdsa', group: 'X25519' } as const
}
