/** What went wrong with one call to the API server. `status` is the HTTP status, or 0 when there was no answer. */
export class KubeError extends Error {
  override readonly name = 'KubeError'
  readonly status: number
  /** The Status' reason (`NotFound`, `Conflict`, `Expired`, …), or `Unreachable`, `Timeout`, `Idle`, `Malformed`. */
  readonly reason: string
  /** How long the server asked us to wait before the next try. */
  readonly retryAfterMs: number | undefined

  constructor(failure: { status: number; reason: string; message: string; retryAfterMs?: number | undefined }) {
    super(failure.message)
    this.status = failure.status
    this.reason = failure.reason
    this.retryAfterMs = failure.retryAfterMs
  }
}

/** True when the object, or the kind, is not there. */
export function isNotFound(error: unknown): boolean {
  return error instanceof KubeError && error.status === 404
}

/** True when somebody else wrote first, or owns a field that we did not force. */
export function isConflict(error: unknown): boolean {
  return error instanceof KubeError && error.status === 409 && error.reason === 'Conflict'
}

/** True when the object to create is there already. */
export function isAlreadyExists(error: unknown): boolean {
  return error instanceof KubeError && error.status === 409 && error.reason === 'AlreadyExists'
}

/** True when the version to resume from is no longer (or not yet) known: only a new LIST helps. */
export function isExpired(error: unknown): boolean {
  if (!(error instanceof KubeError)) return false
  return error.status === 410 || error.reason === 'Expired' || error.reason === 'ResourceVersionTooLarge'
}

/** The error in an answer: its body is a `Status` when the API server wrote it, and anything when a proxy did. */
export function errorFromAnswer(what: string, status: number, body: string, retryAfter?: string): KubeError {
  const parsed = parseStatus(body)
  const retryAfterMs = retryAfterHeader(retryAfter) ?? parsed?.retryAfterMs
  if (parsed === undefined)
    return new KubeError({ status, reason: 'Unknown', message: `${what}: HTTP ${status}`, retryAfterMs })
  return new KubeError({ status, reason: parsed.reason, message: `${what}: ${parsed.message}`, retryAfterMs })
}

/** The error in the object of a watch's ERROR event. */
export function errorFromStatus(what: string, object: unknown): KubeError {
  const parsed = readStatus(object)
  if (parsed === undefined) return new KubeError({ status: 0, reason: 'Malformed', message: `${what}: ERROR event` })
  return new KubeError({ ...parsed, message: `${what}: ${parsed.message}` })
}

interface Status {
  readonly status: number
  readonly reason: string
  readonly message: string
  readonly retryAfterMs: number | undefined
}

function parseStatus(body: string): Status | undefined {
  try {
    return readStatus(JSON.parse(body))
  } catch {
    return undefined
  }
}

function readStatus(object: unknown): Status | undefined {
  if (typeof object !== 'object' || object === null) return undefined
  const { kind, code, reason, message, details } = object as Record<string, unknown>
  if (kind !== 'Status') return undefined
  const { retryAfterSeconds, causes } = (details ?? {}) as Record<string, unknown>
  const tooLarge = Array.isArray(causes) && causes.some((cause) => causeReason(cause) === 'ResourceVersionTooLarge')
  return {
    status: typeof code === 'number' ? code : 0,
    reason: tooLarge ? 'ResourceVersionTooLarge' : typeof reason === 'string' && reason !== '' ? reason : 'Unknown',
    message: typeof message === 'string' ? message : 'no message',
    retryAfterMs: typeof retryAfterSeconds === 'number' ? retryAfterSeconds * 1000 : undefined,
  }
}

function causeReason(cause: unknown): unknown {
  return typeof cause === 'object' && cause !== null && 'reason' in cause ? cause.reason : undefined
}

/** RFC 9110 §10.2.3. The API server sends seconds; a date would need a clock, and is taken as absent. */
function retryAfterHeader(value: string | undefined): number | undefined {
  if (value === undefined || !/^\d{1,6}$/.test(value.trim())) return undefined
  return Number(value) * 1000
}
