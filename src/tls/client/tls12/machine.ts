import { handshakeType } from '../../../wire/code-points.ts'
import { onServerKeyExchange, onTls12Certificate } from './certificate.ts'
import { onServerHelloDone, onTls12CertificateRequest } from './client-flight.ts'
import { onHelloRequest, onTls12NewSessionTicket, onTls12ServerFinished } from './finished.ts'

/** TLS 1.2's part of the client's table; the ServerHello that leads here is read one folder up, for both versions. */
export const tls12ClientTable = {
  'tls12-expect-certificate': { [handshakeType.certificate]: onTls12Certificate },
  'tls12-expect-server-key-exchange': { [handshakeType.serverKeyExchange]: onServerKeyExchange },
  'tls12-expect-request-or-done': {
    [handshakeType.certificateRequest]: onTls12CertificateRequest,
    [handshakeType.serverHelloDone]: onServerHelloDone,
  },
  'tls12-expect-server-hello-done': { [handshakeType.serverHelloDone]: onServerHelloDone },
  'tls12-expect-ticket': { [handshakeType.newSessionTicket]: onTls12NewSessionTicket },
  // No message comes here, but change_cipher_spec, which is none.
  'tls12-expect-server-change-cipher-spec': {},
  'tls12-expect-server-finished': { [handshakeType.finished]: onTls12ServerFinished },
  'tls12-established': { [handshakeType.helloRequest]: onHelloRequest },
} as const
