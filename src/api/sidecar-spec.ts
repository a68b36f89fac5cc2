import type { Fields } from './fields.ts'
import { duration, minute, optional, second } from './policy-fields.ts'
import { parseQuantity } from './quantity.ts'

/** `spec.sidecar` of a policy: the container that is put into the pods. */
export interface SidecarSpec {
  /** Left out: the image of the operator's own release. */
  readonly image?: string
  readonly resources: {
    readonly requests: Readonly<Record<'cpu' | 'memory', string>>
    readonly limits: { readonly cpu?: string; readonly memory: string }
  }
  readonly drainMs: number
}

/** Reads it, with its defaults. */
export function parseSidecar(from: Fields): SidecarSpec {
  const image = from.text('image', 'an image reference of at most 512 characters', isImage)
  const resources = from.fields('resources')
  const requests = parseAmounts(resources.fields('requests'))
  const limits = parseAmounts(resources.fields('limits'))
  resources.end()
  const drainMs = duration(from, 'drain', 0, 10 * minute) ?? 30 * second
  from.end()

  const request = {
    cpu: requests.cpu ?? smaller('100m', limits.cpu),
    memory: requests.memory ?? smaller('96Mi', limits.memory),
  }
  // A request above the limit makes a pod that nobody can create.
  for (const name of ['cpu', 'memory'] as const) {
    const limit = limits[name]
    if (limit !== undefined && amount(request[name]) > amount(limit))
      from.refuse(`${from.path}.resources.limits.${name}`, limit, `at least the request, ${request[name]}`)
  }
  const memory = limits.memory ?? (amount(request.memory) > amount('256Mi') ? request.memory : '256Mi')
  return {
    ...optional('image', image),
    resources: { requests: request, limits: { ...optional('cpu', limits.cpu), memory } },
    drainMs,
  }
}

function parseAmounts(from: Fields): { readonly cpu?: string; readonly memory?: string } {
  const read = (name: string): string | undefined => {
    const value = from.take(name)
    const text = typeof value === 'number' ? String(value) : value
    if (text === undefined) return undefined
    if (typeof text === 'string' && (parseQuantity(text) ?? 0) > 0) return text
    from.refuse(from.at(name), value, 'a quantity above zero, such as 100m or 96Mi')
    return undefined
  }
  const parsed = { ...optional('cpu', read('cpu')), ...optional('memory', read('memory')) }
  from.end()
  return parsed
}

function amount(quantity: string): number {
  return parseQuantity(quantity) ?? 0
}

/** A default request, unless the limit that the user set is below it. */
function smaller(fallback: string, limit: string | undefined): string {
  return limit !== undefined && amount(limit) < amount(fallback) ? limit : fallback
}

function isImage(text: string): boolean {
  return text.length <= 512 && /^[^\s]+$/.test(text)
}
