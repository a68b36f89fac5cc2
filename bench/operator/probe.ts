/**
 * Loaded into the operator's process before its own code (`node --import`): counts the requests that it makes of the
 * API server, and says on demand what the process has used. The operator itself is run as it is.
 */
import { subscribe } from 'node:diagnostics_channel'
import type { ClientRequest } from 'node:http'

/** What a process has used since it began. */
export interface Usage {
  /** `GET secrets`, `PATCH tlspolicies/status` and so on; watches and the webhook's own check of itself left out. */
  readonly requests: Readonly<Record<string, number>>
  readonly cpuMs: number
  readonly rssMiB: number
  readonly peakRssMiB: number
  readonly heapMiB: number
  /** What V8 holds for its heap, used or not, and what buffers and WebAssembly hold outside of it. */
  readonly heapTotalMiB: number
  readonly externalMiB: number
}

const requests: Record<string, number> = {}

subscribe('http.client.request.start', (message) => {
  const { request } = message as { readonly request: ClientRequest }
  const [path = '', query = ''] = request.path.split('?')
  if (query.includes('watch=true')) return
  // /api/v1/namespaces/NS/PLURAL/NAME/SUBRESOURCE, /apis/GROUP/VERSION/PLURAL/NAME and what lies between.
  const [, plural, sub] =
    /^\/(?:api|apis\/[^/]+)\/[^/]+\/(?:namespaces\/[^/]+\/)?([^/]+)(?:\/[^/]+(\/[^/]+)?)?$/.exec(path) ?? []
  const what = `${request.method} ${plural ?? path}${sub ?? ''}`
  requests[what] = (requests[what] ?? 0) + 1
})

process.on('message', () => {
  const { user, system } = process.cpuUsage()
  const { rss, heapUsed, heapTotal, external } = process.memoryUsage()
  const usage: Usage = {
    requests,
    cpuMs: (user + system) / 1000,
    rssMiB: rss / 2 ** 20,
    peakRssMiB: process.resourceUsage().maxRSS / 2 ** 10,
    heapMiB: heapUsed / 2 ** 20,
    heapTotalMiB: heapTotal / 2 ** 20,
    externalMiB: external / 2 ** 20,
  }
  process.send?.(usage)
})
// The operator ends when it is told to, not when we hang up.
process.channel?.unref()
