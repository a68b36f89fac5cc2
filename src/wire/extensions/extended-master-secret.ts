import { Reader } from '../../bytes/reader.ts'

/** extended_master_secret: an empty body (RFC 7627 §5.1). */
export function readExtendedMasterSecret(body: Uint8Array): void {
  new Reader(body).end('extended_master_secret')
}
