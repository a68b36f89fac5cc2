import { handshakeType } from '../../wire/code-points.ts'
import { onTls12Certificate, onTls12CertificateVerify } from './client-certificate.ts'
import { onTls12Finished } from './finished.ts'
import { onClientKeyExchange } from './key-exchange.ts'
import { onRenegotiation } from './renegotiation.ts'

/** TLS 1.2's part of the server's table; the ClientHello that leads here is in handshake/, for both versions. */
export const tls12Table = {
  'tls12-expect-certificate': { [handshakeType.certificate]: onTls12Certificate },
  'tls12-await-verdict': {},
  'tls12-expect-key-exchange': { [handshakeType.clientKeyExchange]: onClientKeyExchange },
  'tls12-expect-certificate-verify': { [handshakeType.certificateVerify]: onTls12CertificateVerify },
  // No message comes here, but change_cipher_spec, which is none.
  'tls12-expect-change-cipher-spec': {},
  'tls12-expect-finished': { [handshakeType.finished]: onTls12Finished },
  'tls12-established': { [handshakeType.clientHello]: onRenegotiation },
} as const
