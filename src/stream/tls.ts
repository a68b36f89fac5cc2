/**
 * TLS for Node in memory-safe code: a Duplex over any Duplex, as client or as server, with the face of a `tls.TLSSocket`.
 * It is the package's `chitin/tls`. No OpenSSL reads a record, a handshake or a certificate of the peer.
 *
 *     import { once } from 'node:events'
 *     import { connect as connectTcp, createServer } from 'node:net'
 *     import { connect, serve, serverContext } from 'chitin/tls'
 *
 *     const context = serverContext({ cert, key, ALPNProtocols: ['hello/1'] })
 *     const server = createServer((socket) => {
 *       const tls = serve(socket, context)
 *       tls.on('secureConnect', () => tls.end(`hello at ${tls.servername}`))
 *       tls.on('error', ({ code, alert }) => console.error(code, alert))
 *     })
 *     await once(server.listen(0), 'listening')
 *
 *     const socket = connectTcp(server.address().port)
 *     const tls = connect(socket, { servername: 'localhost', ca: cert, ALPNProtocols: ['hello/1'] })
 *     tls.on('secureConnect', () => console.log(tls.getProtocol(), tls.alpnProtocol, tls.authorized))
 *     for await (const chunk of tls) console.log(chunk.toString())
 *     server.close()
 *
 * The crypto is WebAssembly's where nothing else is said; `loadCrypto` gives the others.
 */
import { randomBytes } from 'node:crypto'
import type { CryptoProvider, GroupName } from '../crypto/provider.ts'
import type { ClientConfig } from '../tls/client/config.ts'
import { ClientConnection } from '../tls/client/connection.ts'
import type { Session } from '../tls/client/session.ts'
import { doubtOf, type Trust } from '../tls/client/trust.ts'
import { ServerConnection } from '../tls/connection.ts'
import type { VersionRange } from '../tls/version.ts'
import { parseTrustAnchors } from '../x509/trust-anchors.ts'
import { defaultCrypto, defaultGroups, parsePair, versionsOf } from './defaults.ts'
import { nodeRoots } from './node-roots.ts'
import type { ServerContext } from './server-context.ts'
import { TlsStream, type Side, type StreamOptions, type Transport } from './tls-stream.ts'

export { serverContext, type ServerContext, type ServerOptions } from './server-context.ts'
export { loadCrypto } from '../crypto/load.ts'
export type { Session } from '../tls/client/session.ts'
export { TlsError } from './tls-error.ts'
export { TlsStream } from './tls-stream.ts'

export interface ConnectOptions extends StreamOptions, VersionRange {
  /** The host name or IP address of the server: it is asked for (a name only), and its certificate has to carry it. */
  readonly servername: string
  /** PEM of the authorities that are believed; left out: those that Node brings along. */
  readonly ca?: string
  /** SHA-256 of the leaves that are accepted, lower-case hex, instead of authorities and names. */
  readonly fingerprints?: readonly string[]
  /** False: any certificate is accepted, and `authorized` and `authorizationError` say what is wrong with it. */
  readonly rejectUnauthorized?: boolean
  /** PEM of the client's own chain and key, shown where the server asks who it is. */
  readonly cert?: string
  readonly key?: string
  readonly ALPNProtocols?: readonly string[]
  /** What an earlier stream to the same server gave out by its event `session`. */
  readonly session?: Session
  /** Groups, best first; left out: `X25519MLKEM768`, `X25519`, `P-256`, `P-384`. */
  readonly groups?: readonly GroupName[]
  readonly crypto?: CryptoProvider
}

/** Begins a handshake as the client. Throws Error where the options are no good: PEM that is none, a key of another certificate. */
export function connect(transport: Transport, options: ConnectOptions): TlsStream {
  const { servername, crypto = defaultCrypto(), ALPNProtocols = [], groups = defaultGroups } = options
  const trust = trustOf(options)
  const config: ClientConfig = {
    crypto,
    random: (length) => randomBytes(length),
    now: Date.now,
    serverName: servername,
    ...versionsOf(options),
    trust: options.rejectUnauthorized === false ? { accept: 'any' } : trust,
    groups,
    alpn: ALPNProtocols,
    ...(options.session === undefined ? {} : { session: options.session }),
    credentials: options.cert === undefined ? [] : [parsePair(options.cert, options.key ?? '', crypto)],
  }
  // Where the handshake itself refuses, nothing is left to be doubted.
  const doubt: Side['doubt'] = ({ peerChain = [] }) =>
    config.trust === trust ? undefined : doubtOf(peerChain, { ...config, trust })?.message
  return new TlsStream(transport, { engine: new ClientConnection(config), doubt }, options)
}

/** Waits for a handshake as the server. */
export function serve(transport: Transport, context: ServerContext, options: StreamOptions = {}): TlsStream {
  return new TlsStream(transport, { ...context, engine: new ServerConnection(context.config) }, options)
}

function trustOf({ servername, ca, fingerprints }: ConnectOptions): Trust {
  if (fingerprints !== undefined) return { accept: 'pinned', fingerprints }
  return { accept: 'verified', anchors: ca === undefined ? nodeRoots() : parseTrustAnchors(ca), name: servername }
}
