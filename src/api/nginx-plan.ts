/**
 * What has to be done to one nginx so that the sidecar can stand before it: nginx/ works it out from a pod and its
 * configuration, inject/ carries it out. Neither knows the other; this is what they share.
 */
export interface NginxPlan {
  readonly flavour: 'ingress-nginx' | 'plain-nginx'
  /** The container that is nginx. */
  readonly container: string
  /** What the sidecar listens on in nginx's place. */
  readonly listeners: readonly Listener[]
  /** Where nginx takes plaintext, on loopback. */
  readonly upstreamPort: number
  /** The sidecar tells nginx the client's address by a PROXY protocol v2 header. */
  readonly sendProxyProtocol: boolean
  /** A load balancer tells the sidecar the client's address by a PROXY protocol header. */
  readonly acceptProxyProtocol: boolean
  /** Flags of nginx's command line and their new values; any older value of the same flag goes. */
  readonly flags: Readonly<Record<string, string>>
  /** What nginx's plaintext listener can speak. */
  readonly alpn: readonly ('h2' | 'http/1.1')[]
  /** The default certificate that nginx itself is configured with, where it is. */
  readonly defaultCertificate?: ObjectName
  /** The derived copy of nginx's ConfigMap, complete; absent where nginx has none. */
  readonly config?: Readonly<Record<string, string>>
  /** What is different behind the sidecar, in sentences, for whoever reads the Audit. */
  readonly notices: readonly string[]
}

/** What one host asks of its clients, by annotations of an Ingress. */
export interface HostClientAuth {
  /** Lower case; may be a wildcard. */
  readonly host: string
  readonly mode: 'Require' | 'Request' | 'Observe'
  /** Its `ca.crt` holds the authorities, and its `ca.crl`, where it has one, what they have revoked. None: nobody comes in. */
  readonly secret?: ObjectName
  readonly maxIntermediates: number
}

/** One port that the sidecar takes over. */
export interface Listener {
  readonly port: number
  readonly tls: boolean
  /** The destination port that the PROXY header says, where it is not `port`. */
  readonly advertise?: number
}

export interface ObjectName {
  readonly namespace: string
  readonly name: string
}
