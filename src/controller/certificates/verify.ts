/**
 * A handshake with a pod, to see which certificate it serves. The certificate is not believed, only compared: what comes
 * out is the SHA-256 of the leaf, which the controller holds against the one that it put into the bundle.
 */
import { createHash, randomBytes } from 'node:crypto'
import { connect as connectTcp } from 'node:net'
import type { CryptoProvider } from '../../crypto/provider.ts'
import { TlsStream } from '../../stream/tls-stream.ts'
import { ClientConnection } from '../../tls/client/connection.ts'
import type { HandshakeSignatureName } from '../../tls/suites.ts'

export interface Handshake {
  /** IP address of the pod. */
  readonly address: string
  readonly port: number
  readonly serverName: string
  /** The only type of key that is offered to be verified, so that the pod has to show that one. */
  readonly keyType: string
  readonly crypto: CryptoProvider
  readonly timeoutMs: number
  /** The pod expects a PROXY protocol header in front of each connection. */
  readonly proxyProtocol?: boolean
  /** The pod agrees on nothing but a group with ML-KEM in it. Left out: on others, too, which are cheaper for both. */
  readonly hybridOnly?: boolean
}

/** Shakes hands, and resolves to the SHA-256 of the leaf (lower-case hex) or to why there is none; it never rejects. */
export function shakeHands(
  { address, port, serverName, keyType, crypto, timeoutMs, proxyProtocol = false, hybridOnly = false }: Handshake,
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
  const engine = new ClientConnection({
    crypto,
    random: (length) => randomBytes(length),
    now: Date.now,
    serverName,
    minVersion: 'TLSv1.3',
    schemes,
    // Only the hash is compared: a certificate of a private authority, or an expired last good one, is as good.
    trust: { accept: 'any' },
    // All that the policy may leave to the pod. A hybrid that is offered is asked for, in a second round and at twice the
    // work, and no secret is said that a quantum computer should not read.
    groups: hybridOnly ? ['X25519MLKEM768', 'SecP256r1MLKEM768'] : ['X25519', 'P-256', 'P-384'],
    alpn: [],
  })
  const tls = new TlsStream(tcp, { engine, doubt: () => 'compared by its hash only' })
  const finish = (answer: { fingerprint: string } | { failure: string }): void => {
    ended.removeEventListener('abort', onEnd)
    resolve(answer)
    tls.destroy()
  }
  const onEnd = (): void =>
    finish({ failure: deadline.aborted ? `no handshake within ${timeoutMs} ms` : 'the question was withdrawn' })
  tls.on('error', (error) => finish({ failure: error.message }))
  tls.on('secureConnect', () => {
    const raw = tls.getPeerCertificate()?.raw
    if (raw === undefined) finish({ failure: 'the pod showed no certificate' })
    else finish({ fingerprint: createHash('sha256').update(raw).digest('hex') })
  })
  if (ended.aborted) onEnd()
  else ended.addEventListener('abort', onEnd)
  return promise
}

/** The signature schemes of TLS 1.3 that each type of key can sign with (RFC 8446 §4.2.3). */
const schemesOf: Readonly<Record<string, readonly HandshakeSignatureName[]>> = {
  ecdsa: ['ECDSA-P256-SHA256', 'ECDSA-P384-SHA384'],
  ed25519: ['Ed25519'],
  rsa: ['RSA-PSS-SHA256', 'RSA-PSS-SHA384', 'RSA-PSS-SHA512'],
}

// PROXY protocol v2, command LOCAL: the connection is the sender's own, as a health check's is (proxy-protocol.txt §2.2).
const localHeader = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a, 0x20, 0, 0, 0)
