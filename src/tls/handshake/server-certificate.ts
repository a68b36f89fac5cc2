import { writeCertificate } from '../../wire/certificate.ts'
import { handshakeType } from '../../wire/code-points.ts'
import { writeCompressedCertificate } from '../../wire/compressed-certificate.ts'
import { handshakeHeaderLength, writeHandshake } from '../../wire/handshake.ts'
import type { Compressors, ServerConfig, ServerCredential } from '../config.ts'

/** The server's Certificate, compressed where the client can undo that and it makes it shorter (RFC 8879). */
export function serverCertificate(
  credential: ServerCredential,
  offered: readonly number[],
  { compressors }: ServerConfig,
): Uint8Array {
  const algorithm = compressors && best.find((name) => name in compressors && offered.includes(algorithms[name]))
  const known = made.get(credential) ?? new Map<Algorithm | undefined, Uint8Array>()
  made.set(credential, known)
  const message = known.get(algorithm) ?? make(credential, algorithm, compressors)
  known.set(algorithm, message)
  return message
}

function make(
  credential: ServerCredential,
  algorithm: Algorithm | undefined,
  compressors: Compressors | undefined,
): Uint8Array {
  return algorithm === undefined ? plain(credential) : compress(credential, algorithm, compressors)
}

function plain({ chain }: ServerCredential): Uint8Array {
  return writeHandshake(handshakeType.certificate, (out) => writeCertificate(out, chain))
}

function compress(
  credential: ServerCredential,
  algorithm: Algorithm,
  compressors: Compressors | undefined,
): Uint8Array {
  const whole = plain(credential)
  const body = whole.subarray(handshakeHeaderLength)
  const compressed = compressors?.[algorithm]?.(body)
  if (compressed === undefined) return whole
  const message = writeHandshake(handshakeType.compressedCertificate, (out) =>
    writeCompressedCertificate(out, {
      algorithm: algorithms[algorithm],
      uncompressedLength: body.length,
      compressed,
    }),
  )
  // One with no authorities in it and a small key may not be worth it.
  return message.length < whole.length ? message : whole
}

type Algorithm = keyof Compressors

/** CertificateCompressionAlgorithm (RFC 8879 §7.3). */
const algorithms = { zlib: 1, brotli: 2, zstd: 3 } as const satisfies Record<Algorithm, number>

/** The one that makes certificates shortest first. */
const best = ['brotli', 'zstd', 'zlib'] as const satisfies readonly Algorithm[]

/** A credential's messages, made when a client first asks: compressing takes longer than a handshake. They go with it. */
const made = new WeakMap<ServerCredential, Map<Algorithm | undefined, Uint8Array>>()
