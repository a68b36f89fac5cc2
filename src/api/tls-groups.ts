/** Key exchange groups that a policy or a bundle may name. */
export const tlsGroups = ['X25519MLKEM768', 'SecP256r1MLKEM768', 'X25519', 'P-256', 'P-384'] as const

export type TlsGroup = (typeof tlsGroups)[number]

/** What a server takes where nobody chose: the hybrid first, so that what is recorded today stays closed to a quantum computer. */
export const defaultTlsGroups = ['X25519MLKEM768', 'X25519', 'P-256', 'P-384'] as const satisfies readonly TlsGroup[]

export function isTlsGroup(value: unknown): value is TlsGroup {
  return tlsGroups.some((group) => group === value)
}
