/** Gives room for a record, or for what one holds; what stands there is of no meaning. */
export interface Room {
  room(length: number): Uint8Array
}

export const ownRoom: Room = { room: (length) => new Uint8Array(length) }

/** What a record holds once its protection is off: its true type, and its content without padding. */
export interface Content {
  readonly type: number
  readonly content: Uint8Array
}

/**
 * One direction under one key: seals or opens records, and counts them. Each version of TLS has its own way, in a file
 * of its own; whoever holds a RecordProtection need not know which.
 */
export interface RecordProtection {
  /** Records sealed or opened so far. */
  readonly count: number
  /** Whether a record of this outer type is protected; TLS 1.3 leaves change_cipher_spec in the clear. */
  covers(type: number): boolean
  /** The greatest length of a fragment of this outer type. */
  maxFragment(type: number): number
  /**
   * A whole record, in the room that is given for it, or in its own. `content` has at most 2^14 bytes, and with as many
   * zeros behind it as `padding` says no more either.
   */
  seal(type: number, content: Uint8Array, padding?: number, room?: Room): Uint8Array
  /**
   * The content, at the beginning of the room that is given for it; or undefined where the record does not authenticate:
   * then the sequence number has not moved. Throws Fault.
   */
  open(header: Uint8Array, fragment: Uint8Array, room?: Room): Content | undefined
  /** Forgets the key; nothing can be sealed or opened after it. */
  wipe(): void
}
