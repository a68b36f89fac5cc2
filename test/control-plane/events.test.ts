import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { EventRecorder } from '../../src/kube/events.ts'
import type { Occurrence } from '../../src/kube/events.ts'
import { resources } from '../../src/kube/resource.ts'
import type { KubeObject } from '../../src/kube/resource.ts'
import { startControlPlane } from './harness.ts'
import type { ControlPlane } from './harness.ts'

interface Event extends KubeObject {
  readonly reason?: string
  readonly note?: string
  readonly type?: string
  readonly series?: { readonly count: number }
  readonly regarding?: { readonly name?: string }
}

const policy = { apiVersion: 'tls.chitin.dev/v1alpha1', kind: 'TLSPolicy', namespace: 'default', name: 'edge' }
const warning: Occurrence = { type: 'Warning', reason: 'KeyMismatch', action: 'Compile', note: 'shop: wrong key' }

describe('events, on a real API server', () => {
  let plane: ControlPlane
  let now = Date.UTC(2026, 0, 1)

  before(async () => {
    plane = await startControlPlane()
  })
  after(() => plane.stop())

  test('what repeats becomes one event with a series; what differs stays apart', async () => {
    const { recorder, errors } = recording()
    recorder.record(policy, warning)
    for (let i = 0; i < 3; i++) {
      now += 31_000
      recorder.record(policy, warning)
      await recorder.flush()
    }
    recorder.record(policy, { ...warning, note: 'blog: wrong key' })
    recorder.record({ ...policy, name: 'other' }, warning)
    await recorder.flush()
    assert.deepEqual(errors, [])
    const events = (await read()).toSorted((a, b) => place(a).localeCompare(place(b)))
    assert.deepEqual(
      events.map(({ regarding, note, series }) => [regarding?.name, note, series?.count]),
      [
        ['edge', 'blog: wrong key', undefined],
        ['edge', 'shop: wrong key', 4],
        ['other', 'shop: wrong key', undefined],
      ],
    )
  })

  test('a repetition after six minutes is a new event', async () => {
    const { recorder, errors } = recording()
    const occurrence = { ...warning, reason: 'Expired' }
    recorder.record(policy, occurrence)
    now += 7 * 60_000
    recorder.record(policy, occurrence)
    await recorder.flush()
    assert.deepEqual(errors, [])
    assert.equal((await read()).filter(({ reason }) => reason === 'Expired').length, 2)
  })

  test('an event that is gone is written anew, with its series', async () => {
    const { recorder, errors } = recording()
    const occurrence = { ...warning, reason: 'SANMismatch' }
    recorder.record(policy, occurrence)
    await recorder.flush()
    for (const { metadata, reason } of await read())
      if (reason === 'SANMismatch') await plane.client.delete(resources.events, metadata)
    now += 31_000
    recorder.record(policy, occurrence)
    await recorder.flush()
    assert.deepEqual(errors, [])
    const [event] = (await read()).filter(({ reason }) => reason === 'SANMismatch')
    assert.equal(event?.series?.count, 2)
  })

  test('a note that is too long is cut at a character', async () => {
    const { recorder, errors } = recording()
    recorder.record(policy, { ...warning, reason: 'Long', note: 'ü'.repeat(2000) })
    await recorder.flush()
    assert.deepEqual(errors, [])
    const [event] = (await read()).filter(({ reason }) => reason === 'Long')
    assert.match(event?.note ?? '', /^ü+…$/)
  })

  test('one about a cluster-scoped object goes into the default namespace', async () => {
    const { recorder, errors } = recording()
    const regarding = { apiVersion: 'v1', kind: 'Node', name: 'node-1' }
    recorder.record(regarding, { type: 'Normal', reason: 'Seen', action: 'Look', note: '' })
    await recorder.flush()
    assert.deepEqual(errors, [])
    assert.equal((await read()).filter(({ reason }) => reason === 'Seen').length, 1)
  })

  test('what cannot be written is told, and stops nothing', async () => {
    const { recorder, errors } = recording()
    recorder.record({ ...policy, namespace: 'absent' }, warning)
    recorder.record(policy, { ...warning, reason: 'AfterAll' })
    await recorder.flush()
    assert.equal(errors.length, 1)
    assert.equal((await read()).filter(({ reason }) => reason === 'AfterAll').length, 1)
  })

  function recording(): { recorder: EventRecorder; errors: unknown[] } {
    const errors: unknown[] = []
    const recorder = new EventRecorder({
      client: plane.client,
      controller: 'tls.chitin.dev/operator',
      instance: 'test',
      now: () => now,
      onError: (error) => errors.push(error),
    })
    return { recorder, errors }
  }

  async function read(): Promise<readonly Event[]> {
    return (await plane.client.list<Event>(resources.events, { namespace: 'default' })).items
  }
})

function place({ regarding, note }: Event): string {
  return `${regarding?.name} ${note}`
}
