/** The record layer: bytes as the network cuts them, framed, and their handshake messages joined again. */
import { DecodeError } from '../../../src/bytes/decode-error.ts'
import { concat } from '../../../src/bytes/arrays.ts'
import { Fault } from '../../../src/tls/fault.ts'
import { Framer } from '../../../src/tls/record/framer.ts'
import { Reassembly } from '../../../src/tls/record/reassembly.ts'

const limits = { clientHelloBytes: 1 << 14, handshakeMessageBytes: 1 << 13 }

export function fuzz(data: Buffer): void {
  const [step = 0, ...rest] = data
  const bytes = Uint8Array.from(rest)
  const framer = new Framer()
  const reassembly = new Reassembly(limits)
  const seen: Uint8Array[] = []
  try {
    for (let at = 0; at < bytes.length; at += step + 1) {
      framer.push(bytes.subarray(at, at + step + 1))
      for (let record = framer.next(); record !== undefined; record = framer.next()) {
        seen.push(record.header.slice(), record.fragment.slice())
        reassembly.push(record.fragment)
        while (reassembly.type() !== undefined && reassembly.next() !== undefined);
      }
    }
  } catch (error) {
    if (!(error instanceof Fault || error instanceof DecodeError)) throw error
  }
  const framed = concat(...seen)
  if (!Buffer.from(framed).equals(bytes.subarray(0, framed.length)))
    throw new Error('the records are not the bytes that came')
}
