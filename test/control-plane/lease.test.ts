/** Two candidates for one lease: never two leaders at a time, and soon one again when a leader has gone. */
import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from '../../src/kube/client.ts'
import type { KubeClient } from '../../src/kube/client.ts'
import { lead } from '../../src/kube/lease.ts'
import type { Ending, LeaseOptions } from '../../src/kube/lease.ts'
import { resources } from '../../src/kube/resource.ts'
import type { KubeObject } from '../../src/kube/resource.ts'
import { startFaultProxy } from '../support/fault-proxy.ts'
import type { FaultProxy } from '../support/fault-proxy.ts'
import { eventually, startControlPlane } from './harness.ts'
import type { ControlPlane } from './harness.ts'

interface Lease extends KubeObject {
  readonly spec?: {
    readonly holderIdentity?: string
    readonly leaseTransitions?: number
    readonly leaseDurationSeconds?: number
  }
}

// Long enough for a machine that is busy with something else for a moment; short enough for a test.
const times = { durationMs: 3000, renewDeadlineMs: 2000, retryMs: 200 }

describe('the lease, on a real API server', () => {
  let plane: ControlPlane
  let name = ''
  let serial = 0
  let leaders: string[] = []
  const candidates: Candidate[] = []

  before(async () => {
    plane = await startControlPlane()
  })
  after(() => plane.stop())
  beforeEach(() => {
    name = `lease-${serial++}`
    leaders = []
  })
  afterEach(async () => {
    for (const candidate of candidates.splice(0)) {
      candidate.leave()
      await candidate.ending
      candidate.client.close()
    }
  })

  test('one of two leads; when it leaves, the other takes over without waiting for the lease to end', async () => {
    const a = enter('a')
    await eventually('a leads', () => a.isLeading())
    const lease = await read()
    assert.equal(lease.spec?.holderIdentity, 'a')
    assert.equal(lease.spec.leaseDurationSeconds, 3)
    const b = enter('b')
    await sleep(1000)
    assert.equal(b.isLeading(), false)

    a.leave()
    assert.equal(await a.ending, 'released')
    await eventually('b leads', () => b.isLeading())
    assert.deepEqual(leaders, ['a', 'b'])
    // Given back is an empty holder; taken again counts as a transition.
    assert.equal((await read()).spec?.leaseTransitions, 1)
  })

  test('a leader that crashes is replaced when its lease has ended', async () => {
    const proxy = await startFaultProxy(plane.url, plane)
    try {
      const a = enter('a', { url: proxy.url, stubborn: true })
      await eventually('a leads', () => a.isLeading())
      const b = enter('b')
      crash(proxy)
      assert.equal(await a.ending, 'lost')
      assert.equal(b.isLeading(), false, 'the old leader gives up before the new one may begin')
      await eventually('b leads', () => b.isLeading())
      assert.deepEqual(leaders, ['a', 'b'])
    } finally {
      await proxy.stop()
    }
  })

  test('a leader goes on through errors that are shorter than its deadline', async () => {
    const proxy = await startFaultProxy(plane.url, plane)
    try {
      const a = enter('a', { url: proxy.url })
      await eventually('a leads', () => a.isLeading())
      let failing = 3
      proxy.mischief = () => (failing-- > 0 ? { answer: { status: 500 } } : undefined)
      const before = (await read()).metadata.resourceVersion
      await eventually('the errors are over', () => failing < 0)
      await eventually('it renews again', async () => (await read()).metadata.resourceVersion !== before)
      assert.ok(a.isLeading())
      assert.equal(a.errors.length, 3)
    } finally {
      await proxy.stop()
    }
  })

  test('a lease that somebody else has taken is lost at once', async () => {
    const a = enter('a')
    await eventually('a leads', () => a.isLeading())
    await plane.client.patch(resources.leases, address(), { spec: { holderIdentity: 'thief' } })
    assert.equal(await a.ending, 'lost')
    assert.equal((await read()).spec?.holderIdentity, 'thief', 'what is not ours is not given back')
  })

  test('a lease that somebody else has had meanwhile is lost, even if it is free again', async () => {
    const a = enter('a')
    await eventually('a leads', () => a.isLeading())
    await plane.client.patch(resources.leases, address(), { spec: { holderIdentity: '', leaseTransitions: 7 } })
    assert.equal(await a.ending, 'lost')
  })

  test('a leader that leaves does not give back what somebody else has taken from it', async () => {
    const a = enter('a')
    await eventually('a leads', () => a.isLeading())
    await plane.client.patch(resources.leases, address(), { spec: { holderIdentity: 'thief' } })
    a.leave()
    await a.ending
    assert.equal((await read()).spec?.holderIdentity, 'thief')
  })

  test('the work goes on renewing while it finishes, and only then is the lease given back', async () => {
    const finish = Promise.withResolvers<void>()
    const a = enter('a', { finish: finish.promise })
    await eventually('a leads', () => a.isLeading())
    a.leave()
    const before = (await read()).metadata.resourceVersion
    await eventually('it renews', async () => (await read()).metadata.resourceVersion !== before)
    assert.equal((await read()).spec?.holderIdentity, 'a')
    finish.resolve()
    assert.equal(await a.ending, 'released')
    assert.equal((await read()).spec?.holderIdentity, '')
  })

  test('work that fails gives the lease back, and fails for the caller', async () => {
    const options = { client: plane.client, ...address(), identity: 'a', ...times }
    await assert.rejects(lead(options, failingWork, new AbortController().signal), /the work failed/)
    assert.equal((await read()).spec?.holderIdentity, '')
  })

  test('five candidates at once: one leads, and each in its turn', async () => {
    const names = ['a', 'b', 'c', 'd', 'e']
    const all = names.map((identity) => enter(identity))
    for (let rest = all; rest.length > 0; rest = rest.filter((each) => !each.hasEnded())) {
      await eventually('one leads', () => rest.some((each) => each.isLeading()))
      assert.equal(all.filter((each) => each.isLeading()).length, 1)
      const leader = rest.find((each) => each.isLeading())
      leader?.leave()
      assert.equal(await leader?.ending, 'released')
    }
    assert.deepEqual(leaders.toSorted(), names)
  })

  test('a candidate that never led leaves without a trace', async () => {
    const a = enter('a')
    await eventually('a leads', () => a.isLeading())
    const b = enter('b')
    await sleep(500)
    b.leave()
    assert.equal(await b.ending, 'never-led')
    assert.equal((await read()).spec?.holderIdentity, 'a')
  })

  test('a deadline that is not below the duration is a bug', async () => {
    const options = { client: plane.client, ...address(), identity: 'a', ...times, renewDeadlineMs: 3000 }
    await assert.rejects(
      lead(options, async () => undefined, new AbortController().signal),
      /renewDeadlineMs/,
    )
  })

  function address(): { namespace: string; name: string } {
    return { namespace: 'default', name }
  }

  async function read(): Promise<Lease> {
    return plane.client.get<Lease>(resources.leases, address())
  }

  function enter(identity: string, more: Partial<Character> = {}): Candidate {
    const client = connect({ kubeconfigText: plane.kubeconfig(more.url) })
    const candidate = run({ client, ...address(), identity, ...times }, more, () => leaders.push(identity))
    candidates.push(candidate)
    return candidate
  }
})

interface Character {
  readonly url: string
  /** Its work does not end when it is told to. */
  readonly stubborn: boolean
  /** Its work takes until then to end. */
  readonly finish: Promise<void>
}

interface Candidate {
  readonly client: KubeClient
  readonly ending: Promise<Ending>
  readonly errors: unknown[]
  readonly leave: () => void
  readonly isLeading: () => boolean
  readonly hasEnded: () => boolean
}

function run(options: LeaseOptions, character: Partial<Character>, onLead: () => void): Candidate {
  const abort = new AbortController()
  const errors: unknown[] = []
  let isLeading = false
  let hasEnded = false
  const work = async (signal: AbortSignal): Promise<void> => {
    onLead()
    isLeading = true
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    isLeading = false
    if (character.stubborn === true) await new Promise(() => undefined)
    await character.finish
  }
  const ending = lead({ ...options, onError: (error) => errors.push(error) }, work, abort.signal)
  void ending.then(() => (hasEnded = true))
  return {
    client: options.client,
    ending,
    errors,
    leave: () => abort.abort(),
    isLeading: () => isLeading,
    hasEnded: () => hasEnded,
  }
}

async function failingWork(): Promise<void> {
  throw new Error('the work failed')
}

/** From the others' point of view, a process that hears and says nothing any more is dead. */
function crash(proxy: FaultProxy): void {
  proxy.mischief = () => ({ silent: true })
  proxy.reset()
}
