/** Thrown by every decoder when bytes are not what they should be: says what was being read, where, and why it failed. */
export class DecodeError extends Error {
  readonly what: string
  readonly offset: number
  readonly why: string

  constructor(what: string, offset: number, why: string) {
    super(`${what} at byte ${offset}: ${why}`)
    this.name = 'DecodeError'
    this.what = what
    this.offset = offset
    this.why = why
  }
}
