/**
 * A handshake with a pod, to see which certificate it serves. The certificate is not believed, only compared: what comes
 * out is the SHA-256 of the leaf, which the controller holds against the one that it put into the bundle.
 *
 * This uses node:tls, whose parser is OpenSSL's: the peer is our own sidecar at the address of a pod that we injected.
 * The client side of our engine takes its place in the next release.
 */
import { createHash } from 'node:crypto'
import { connect as connectTcp } from 'node:net'
import { connect as connectTls } from 'node:tls'

export interface Handshake {
  /** IP address of the pod. */
  readonly address: string
  readonly port: number
  readonly serverName: string
  /** The only type of key that is offered to be verified, so that the pod has to show that one. */
  readonly keyType: string
  readonly timeoutMs: number
  /** The pod expects a PROXY protocol header in front of each connection. */
  readonly proxyProtocol?: boolean
}

/** Shakes hands, and resolves to the SHA-256 of the leaf (lower-case hex) or to why there is none; it never rejects. */
export function shakeHands(
  { address, port, serverName, keyType, timeoutMs, proxyProtocol = false }: Handshake,
  signal?: AbortSignal,
): Promise<{ fingerprint: string } | { failure: string }> {
  const schemes = schemesOf[keyType]
  if (schemes === undefined) return Promise.resolve({ failure: `keys of type ${keyType} cannot be asked for` })
  const { promise, resolve } = Promise.withResolvers<{ fingerprint: string } | { failure: string }>()
  const deadline = AbortSignal.timeout(timeoutMs)
  const ended = signal === undefined ? deadline : AbortSignal.any([deadline, signal])
  const tcp = connectTcp({ host: address, port })
  // Written before TLS gets the socket: both wait in its queue until it is connected, in this order.
  if (proxyProtocol) tcp.write(localHeader)
  const tls = connectTls({
    socket: tcp,
    servername: serverName,
    sigalgs: schemes,
    minVersion: 'TLSv1.3',
    // Only the hash is compared: a certificate of a private authority, or an expired last good one, is as good.
    rejectUnauthorized: false,
  })
  const finish = (answer: { fingerprint: string } | { failure: string }): void => {
    ended.removeEventListener('abort', onEnd)
    resolve(answer)
    tls.destroy()
    tcp.destroy()
  }
  const onEnd = (): void =>
    finish({ failure: deadline.aborted ? `no handshake within ${timeoutMs} ms` : 'the question was withdrawn' })
  const onError = (error: Error): void => finish({ failure: reasonOf(error) })
  tcp.on('error', onError)
  tls.on('error', onError)
  tls.on('close', () => finish({ failure: 'the connection was closed during the handshake' }))
  tls.on('secureConnect', () => {
    const { raw } = tls.getPeerCertificate()
    finish({ fingerprint: createHash('sha256').update(raw).digest('hex') })
  })
  if (ended.aborted) onEnd()
  else ended.addEventListener('abort', onEnd)
  return promise
}

/** The signature schemes of TLS 1.3 that each type of key can sign with (RFC 8446 §4.2.3), as OpenSSL wants them. */
const schemesOf: Readonly<Record<string, string>> = {
  ecdsa: 'ecdsa_secp256r1_sha256:ecdsa_secp384r1_sha384',
  ed25519: 'ed25519',
  rsa: 'rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:rsa_pss_rsae_sha512',
}

// PROXY protocol v2, command LOCAL: the connection is the sender's own, as a health check's is (proxy-protocol.txt §2.2).
const localHeader = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a, 0x20, 0, 0, 0)

function reasonOf(error: Error): string {
  // Errors of OpenSSL have a `reason` in words, such as "tlsv1 unrecognized name"; their message is a line of addresses.
  return 'reason' in error && typeof error.reason === 'string' ? error.reason : error.message
}
