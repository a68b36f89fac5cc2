import { fault } from './fault.ts'
import type { Limits } from './limits.ts'

/** What a peer may repeat, counted: each costs it little, and us something. All but the first begin anew with each data. */
export class Floods {
  readonly #limits: Limits
  #changeCipherSpecs = 0
  #emptyRecords = 0
  #messages = 0
  #warnings = 0

  constructor(limits: Limits) {
    this.#limits = limits
  }

  changeCipherSpec(): void {
    if (++this.#changeCipherSpecs > this.#limits.changeCipherSpecs) throw fault('too-many-change-cipher-specs')
  }

  emptyRecord(): void {
    if (++this.#emptyRecords > this.#limits.emptyRecords) throw fault('too-many-empty-records')
  }

  /** A handshake message over an open connection. */
  message(): void {
    if (++this.#messages > this.#limits.keyUpdates) throw fault('too-many-key-updates')
  }

  /** An alert that does not end the connection. */
  warning(): void {
    if (++this.#warnings > this.#limits.warnings) throw fault('too-many-warnings')
  }

  /** Application data came. */
  ebb(): void {
    this.#emptyRecords = 0
    this.#messages = 0
    this.#warnings = 0
  }
}
