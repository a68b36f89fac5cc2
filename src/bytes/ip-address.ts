/** IP addresses as bytes, 4 or 16 of them. An IPv4-mapped IPv6 address (RFC 4291 §2.5.5.2) is the IPv4 address it maps. */

/** The bytes of an address as Node writes it; undefined where the text is none. A zone (`%eth0`) is dropped. */
export function parseAddress(text: string): Uint8Array | undefined {
  // First the two forms in which a socket says an IPv4 address: every connection asks for two.
  const ipv4 = parseIpv4(text.startsWith('::ffff:') ? text.slice(7) : text)
  if (ipv4 !== undefined) return ipv4
  const [address = '', , more] = text.split('%')
  return more === undefined && address.includes(':') ? parseIpv6(address) : undefined
}

/** The canonical text of an address (RFC 5952). */
export function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0))
  const { start, length } = longestZeroRun(groups)
  if (length < 2) return hex(groups)
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`
}

/** As 16 bytes, for where both families must look alike. */
export function mapped(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 16) return bytes
  return Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...bytes)
}

/** The IPv4 address inside a mapped one; anything else as it is. */
export function unmapped(bytes: Uint8Array): Uint8Array {
  const isMapped =
    bytes.length === 16 && bytes.subarray(0, 10).every((byte) => byte === 0) && bytes[10] === 0xff && bytes[11] === 0xff
  return isMapped ? bytes.slice(12) : bytes
}

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = fourOctets.exec(text)
  if (parts === null) return undefined
  return Uint8Array.of(Number(parts[1]), Number(parts[2]), Number(parts[3]), Number(parts[4]))
}

function parseIpv6(text: string): Uint8Array | undefined {
  const dotted = /^(.*:)([^:]*\.[^:]*)$/.exec(text)
  if (dotted?.[1] !== undefined && dotted[2] !== undefined) {
    const v4 = parseIpv4(dotted[2])
    if (v4 === undefined) return undefined
    const [a = 0, b = 0, c = 0, d = 0] = v4
    return parseIpv6(`${dotted[1]}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`)
  }
  const halves = text.split('::')
  if (halves.length > 2) return undefined
  const [left = [], right = []] = halves.map((half) => (half === '' ? [] : half.split(':')))
  const missing = 8 - left.length - right.length
  // RFC 5952 §4.2.2 writes no `::` for one group, but RFC 4291 §2.2 allows it to be read.
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined
  const groups = [...left, ...Array.from({ length: missing }, () => '0'), ...right]
  if (!groups.every((group) => /^[0-9a-fA-F]{1,4}$/.test(group))) return undefined
  return unmapped(Uint8Array.from(groups.flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 0xff])))
}

function longestZeroRun(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 }
  let start = 0
  groups.forEach((group, i) => {
    if (group !== 0) start = i + 1
    else if (i + 1 - start > best.length) best = { start, length: i + 1 - start }
  })
  return best
}

function hex(groups: readonly number[]): string {
  return groups.map((group) => group.toString(16)).join(':')
}

// No leading zeros: some readers take them for octal.
const octet = String.raw`(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)`
const fourOctets = new RegExp(`^${octet}\\.${octet}\\.${octet}\\.${octet}$`)
