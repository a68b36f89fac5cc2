/** An ALPN protocol's name as it travels: of the few that a configuration has, each connection asks for some. */
export function protocolName(name: string): Uint8Array {
  const bytes = known.get(name) ?? new TextEncoder().encode(name)
  known.set(name, bytes)
  return bytes
}

const known = new Map<string, Uint8Array>()
