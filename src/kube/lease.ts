import type { KubeClient } from './client.ts'
import { isAlreadyExists, isConflict } from './kube-error.ts'
import { pause } from './pause.ts'
import { resources } from './resource.ts'
import type { KubeObject } from './resource.ts'

export interface LeaseOptions {
  readonly client: KubeClient
  readonly namespace: string
  readonly name: string
  /** Different for every candidate, also for two lives of one pod. */
  readonly identity: string
  /** Others wait so long without a sign of life before they take over. */
  readonly durationMs?: number
  /** The leader gives up when it could not renew for so long; less than the duration, so that two never lead. */
  readonly renewDeadlineMs?: number
  readonly retryMs?: number
  readonly random?: () => number
  /** Told who leads whenever that changes; for a log line and a metric. */
  readonly onLeader?: (identity: string) => void
  /** Told of each call that failed. */
  readonly onError?: (error: unknown) => void
}

/** How leading ended: the work is over and the lease given back, or somebody else may lead already. */
export type Ending = 'released' | 'lost' | 'never-led'

/**
 * Waits until this candidate leads, then does the work; at most one candidate works at a time. The work's signal is
 * aborted when the caller's is, or when the lease is lost: then whoever called must end the process, for what the work
 * still has under way may meet the next leader's. The lease is given back only after the work is over.
 */
export async function lead(
  options: LeaseOptions,
  work: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<Ending> {
  const candidate = new Candidate(options)
  while (!(await candidate.tryToHold(signal))) {
    await pause(candidate.retryMs, signal)
    if (signal.aborted) return 'never-led'
  }

  const working = new AbortController()
  const stop = (): void => working.abort(signal.reason)
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  const over = new AbortController()
  const renewing = candidate.keep(over.signal)
  // Losing the lease must stop the work at once, and must not wait for work that does not listen.
  const lost = renewing.then((held) => {
    if (held) return new Promise<never>(() => undefined)
    working.abort(new Error('the lease is lost'))
    return 'lost' as const
  })
  try {
    const ending = await Promise.race([lost, work(working.signal).then(() => 'released' as const)])
    return ending
  } finally {
    signal.removeEventListener('abort', stop)
    over.abort()
    if (await renewing) await candidate.release()
  }
}

interface LeaseObject extends KubeObject {
  readonly spec?: LeaseSpec
}

interface LeaseSpec {
  readonly holderIdentity?: string
  readonly leaseDurationSeconds?: number
  readonly acquireTime?: string
  readonly renewTime?: string
  readonly leaseTransitions?: number
}

/** One candidate's view of the lease. Times are its own steady clock's: clocks of different nodes are never compared. */
class Candidate {
  readonly #options: LeaseOptions
  readonly #durationMs: number
  readonly #renewDeadlineMs: number
  readonly #retryMs: number
  readonly #random: () => number
  /** The lease as last seen, and when we first saw it so. */
  #seen: LeaseObject | undefined
  #seenAt = -Infinity
  #leader: string | undefined
  /** Begin of the last call that renewed the lease: others count from the moment it was written, which is later. */
  #renewedAt = -Infinity

  constructor(options: LeaseOptions) {
    this.#options = options
    this.#durationMs = options.durationMs ?? 15_000
    this.#renewDeadlineMs = options.renewDeadlineMs ?? 10_000
    this.#retryMs = options.retryMs ?? 2000
    this.#random = options.random ?? Math.random
    if (this.#renewDeadlineMs >= this.#durationMs)
      throw new Error('a leader must give up before others may take over: renewDeadlineMs is not below durationMs')
  }

  /** With jitter, so that candidates do not meet at every try. */
  get retryMs(): number {
    return this.#retryMs * (1 + 0.2 * this.#random())
  }

  /** One try to take or to renew the lease; true when we hold it now. */
  async tryToHold(signal: AbortSignal): Promise<boolean> {
    const startedAt = performance.now()
    try {
      const timeoutMs = Math.max(1, Math.floor(this.#renewDeadlineMs))
      const held = await this.#hold({ signal, timeoutMs })
      if (held) this.#renewedAt = startedAt
      return held
    } catch (error) {
      if (signal.aborted) return false
      // Somebody was faster: what is there now is read at the next try.
      if (!isConflict(error) && !isAlreadyExists(error)) this.#options.onError?.(error)
      return false
    }
  }

  /** Renews until `over`; resolves with true then, and with false as soon as the lease must be taken for lost. */
  async keep(over: AbortSignal): Promise<boolean> {
    for (;;) {
      await pause(this.retryMs, over)
      if (over.aborted) return true
      const leftMs = this.#renewedAt + this.#renewDeadlineMs - performance.now()
      if (leftMs <= 0) return false
      const deadline = new AbortController()
      const stop = (): void => deadline.abort()
      const timer = setTimeout(stop, leftMs)
      over.addEventListener('abort', stop, { once: true })
      const held = await this.tryToHold(deadline.signal)
      clearTimeout(timer)
      over.removeEventListener('abort', stop)
      if (over.aborted) return true
      const isOthers = !held && this.#seen !== undefined && this.#holder() !== this.#options.identity
      if (isOthers || performance.now() >= this.#renewedAt + this.#renewDeadlineMs) return false
    }
  }

  /** Gives the lease back, so that nobody has to wait. Best effort: if it fails, others wait for its end. */
  async release(): Promise<void> {
    const { client, namespace, name, identity } = this.#options
    try {
      const now = await client.find<LeaseObject>(resources.leases, { namespace, name }, { timeoutMs: this.#retryMs })
      if (now?.spec?.holderIdentity !== identity) return
      const spec = { ...now.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(Date.now()) }
      await client.replace(resources.leases, { ...now, spec } as LeaseObject, { timeoutMs: this.#retryMs })
    } catch (error) {
      this.#options.onError?.(error)
    }
  }

  async #hold(call: { readonly signal: AbortSignal; readonly timeoutMs: number }): Promise<boolean> {
    const { client, namespace, name, identity } = this.#options
    const now = await client.find<LeaseObject>(resources.leases, { namespace, name }, call)
    const time = microTime(Date.now())
    const mine = {
      holderIdentity: identity,
      leaseDurationSeconds: Math.max(1, Math.ceil(this.#durationMs / 1000)),
      renewTime: time,
    }
    if (now === undefined) {
      const spec = { ...mine, acquireTime: time, leaseTransitions: 0 }
      const metadata = { namespace, name }
      this.#see(await client.create<LeaseObject>(resources.leases, { metadata, spec } as LeaseObject, call))
      return true
    }

    this.#see(now)
    const isMine = this.#holder() === identity
    // Once we lead, a lease that is not ours means that somebody led since: it is lost, even if it is free by now.
    if (!isMine && this.#renewedAt > -Infinity) return false
    const isFree = this.#holder() === '' || performance.now() - this.#seenAt > this.#durationMs
    if (!isMine && !isFree) return false
    const transitions = (now.spec?.leaseTransitions ?? 0) + (isMine ? 0 : 1)
    const acquireTime = isMine ? (now.spec?.acquireTime ?? time) : time
    const spec = { ...mine, acquireTime, leaseTransitions: transitions }
    // The resourceVersion in it makes the write fail when somebody else was faster.
    this.#see(await client.replace<LeaseObject>(resources.leases, { ...now, spec } as LeaseObject, call))
    return true
  }

  #holder(): string {
    return this.#seen?.spec?.holderIdentity ?? ''
  }

  #see(lease: LeaseObject): void {
    const isNew = lease.metadata.resourceVersion !== this.#seen?.metadata.resourceVersion
    if (isNew) this.#seenAt = performance.now()
    this.#seen = lease
    if (this.#holder() === this.#leader) return
    this.#leader = this.#holder()
    if (this.#leader !== '') this.#options.onLeader?.(this.#leader)
  }
}

/** MicroTime: six digits after the second, as the Lease's schema demands. */
function microTime(now: number): string {
  return new Date(now).toISOString().replace(/Z$/, '000Z')
}
