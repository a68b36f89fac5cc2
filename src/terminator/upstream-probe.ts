import { connect } from 'node:net'
import { writeLocalHeader } from './proxy-protocol.ts'
import type { TerminatorSettings } from './settings.ts'

/** Whether the upstream takes connections, asked at most once a second however often we are. */
export class UpstreamProbe {
  readonly #settings: TerminatorSettings
  readonly #cacheMs: number
  #asked = -Infinity
  #answer: Promise<string | undefined> = Promise.resolve(undefined)

  constructor(settings: TerminatorSettings, cacheMs = 1000) {
    this.#settings = settings
    this.#cacheMs = cacheMs
  }

  /** Undefined where it does, else why not. */
  unreachable(): Promise<string | undefined> {
    const now = performance.now()
    if (now - this.#asked >= this.#cacheMs) {
      this.#asked = now
      this.#answer = this.#ask()
    }
    return this.#answer
  }

  #ask(): Promise<string | undefined> {
    const { upstream, proxyProtocol } = this.#settings
    return new Promise((resolve) => {
      const socket = connect({ ...upstream, timeout: 1000 })
      const done = (answer: string | undefined): void => {
        socket.destroy()
        resolve(answer)
      }
      // nginx would log a client that does not say the header it requires; LOCAL is made for health checks.
      socket.on('connect', () =>
        proxyProtocol ? socket.end(writeLocalHeader(), () => done(undefined)) : done(undefined),
      )
      socket.on('timeout', () => done(`the upstream ${upstream.host}:${upstream.port} does not answer`))
      socket.on('error', (error) => done(`the upstream is unreachable: ${error.message}`))
    })
  }
}
