/** Cipher suites that a policy or a bundle may name, by their names at IANA: an AEAD, and a key exchange with forward secrecy. */
export const tls13Suites = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'] as const

export const tls12Suites = [
  'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
  'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
] as const

export const cipherSuites = [...tls13Suites, ...tls12Suites] as const

export type CipherSuite = (typeof cipherSuites)[number]

export function isTls13Suite(name: CipherSuite): name is (typeof tls13Suites)[number] {
  return tls13Suites.some((suite) => suite === name)
}

export function isCipherSuite(value: unknown): value is CipherSuite {
  return cipherSuites.some((suite) => suite === value)
}
