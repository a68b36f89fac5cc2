import { errorText } from '../telemetry/error-text.ts'
import type { TerminatorSettings } from './settings.ts'
import type { DialEvents, Network } from './socket.ts'
import { writeLocalHeader } from './write-proxy-header.ts'

/** Whether the upstream takes connections, asked at most once a second however often we are. */
export class UpstreamProbe {
  readonly #settings: TerminatorSettings
  readonly #network: Network
  readonly #cacheMs: number
  #asked = -Infinity
  #answer: Promise<string | undefined> = Promise.resolve(undefined)

  constructor(settings: TerminatorSettings, network: Network, cacheMs = 1000) {
    this.#settings = settings
    this.#network = network
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
      const events: DialEvents = {
        onConnected() {
          // nginx would log a client that does not say the header it requires; LOCAL is made for health checks.
          if (proxyProtocol) socket.write(writeLocalHeader())
          socket.end()
          resolve(undefined)
        },
        onBytes() {},
        onDrain() {},
        onFin: () => socket.destroy(),
        onFault: (error) => resolve(`the upstream is unreachable: ${errorText(error)}`),
        onClosed: () => clearTimeout(timer),
      }
      const socket = this.#network.dial(upstream, events, () => unread)
      const timer = setTimeout(() => {
        socket.destroy()
        resolve(`the upstream ${upstream.host}:${upstream.port} does not answer`)
      }, longestAnswerMs)
    })
  }
}

const longestAnswerMs = 1000
/** An upstream that speaks first is read, for else its FIN would not be seen; nobody looks at what it says. */
const unread = new Uint8Array(1024)
