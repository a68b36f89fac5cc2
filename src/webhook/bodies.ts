/**
 * The bodies of requests that are being read. Whoever reaches the port may send them: what all of them hold is bounded, and
 * where it is too much, the one that takes longest is broken off, for the API server sends its own at once.
 */
export class Bodies {
  readonly #open = new Set<OpenBody>()
  #held = 0

  /** The whole body, or undefined where it is too long. Rejects where it breaks, or is broken off. */
  async read(request: Request): Promise<string | undefined> {
    const body: OpenBody = { request, chunks: [], length: 0 }
    this.#open.add(body)
    try {
      for await (const chunk of request) {
        const bytes = chunk as Buffer // a request without setEncoding gives Buffers
        if (!this.#open.has(body)) throw brokenOff()
        if (body.length + bytes.length > maxBody) return undefined
        body.chunks.push(bytes)
        body.length += bytes.length
        this.#held += bytes.length
        if (this.#held > mostHeld) this.#breakOffOldest()
      }
      return Buffer.concat(body.chunks).toString('utf8')
    } finally {
      this.#release(body)
    }
  }

  #breakOffOldest(): void {
    const [oldest] = this.#open
    if (oldest === undefined) return
    this.#release(oldest)
    oldest.request.destroy(brokenOff())
  }

  #release(body: OpenBody): void {
    if (this.#open.delete(body)) this.#held -= body.length
    body.chunks.length = 0
  }
}

function brokenOff(): Error {
  return new Error(`more than ${mostHeld} bytes of requests are under way, and this is the oldest`)
}

/** Of node:http's, what is needed. */
interface Request extends AsyncIterable<unknown> {
  destroy(error: Error): unknown
}

interface OpenBody {
  readonly request: Request
  readonly chunks: Buffer[]
  length: number
}

/** etcd holds no object above 1.5 MiB, and an AdmissionReview carries it twice at most. */
export const maxBody = 4 * 1024 * 1024
const mostHeld = 32 * 1024 * 1024
