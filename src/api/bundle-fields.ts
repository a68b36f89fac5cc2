/** Thrown by `parseManifest`: what was found, what was expected, and where. Never long enough for a piece of a key. */
export class BundleError extends Error {
  constructor(where: string, found: unknown, expected: string) {
    super(`bundle ${where}: found ${describe(found)}, expected ${expected}`)
    this.name = 'BundleError'
  }
}

/** Reads an object of unknown fields. */
export function record(value: unknown, where: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new BundleError(where, value, 'an object')
  return value as Record<string, unknown> // checked on the line above
}

export function list(value: unknown, where: string): unknown[] {
  if (!Array.isArray(value)) throw new BundleError(where, value, 'a list')
  return value
}

export function text(value: unknown, where: string): string {
  if (typeof value !== 'string' || value === '') throw new BundleError(where, value, 'a non-empty string')
  return value
}

/** The hash becomes a file name: nothing but hex may pass. */
export function sha256(value: unknown, where: string): string {
  if (typeof value !== 'string' || !/^[0-9a-f]{64}$/.test(value)) throw new BundleError(where, value, '64 hex digits')
  return value
}

/** It is told in logs and metrics, as names are: nothing else may pass for it. */
export function generationId(value: unknown, where: string): string {
  if (typeof value !== 'string' || !/^[0-9a-f]{16}$/.test(value)) throw new BundleError(where, value, '16 hex digits')
  return value
}

export function hostName(value: unknown, where: string): string {
  if (typeof value !== 'string' || !isHostName(value)) throw new BundleError(where, value, 'a DNS name in lower case')
  return value
}

/** Labels of at most 63 characters (RFC 1035 §2.3.4), in lower case; the first may be `*`. */
export function isHostName(text: string): boolean {
  return /^(\*\.)?[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/.test(text)
}

/** Whoever has damaged a bundle may have put a key anywhere: only what is too short for one is quoted. */
function describe(value: unknown): string {
  if (typeof value === 'string') return value.length >= 16 ? `a string of ${value.length} characters` : `"${value}"`
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (typeof value === 'object' && value !== null) return 'an object'
  return String(value)
}
