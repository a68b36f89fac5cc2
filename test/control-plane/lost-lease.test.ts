/** An operator that does not lead any more must be gone, and nobody may have to guess why. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Draft } from '../../src/kube/calls.ts'
import { resources, type KubeObject } from '../../src/kube/resource.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { eventually, startControlPlane, type ControlPlane } from './harness.ts'
import { putIngressNginx } from './objects.ts'
import { startOperator, type OperatorProcess } from './operator-process.ts'

type Lease = KubeObject & Draft & { readonly spec: { readonly holderIdentity: string } }

const folder = temporaryFolder('lost-lease')
const lease = { namespace: 'chitin-system', name: 'chitin' }
let plane: ControlPlane
let operator: OperatorProcess

before(async () => {
  plane = await startControlPlane()
  await putIngressNginx(plane.client, 443)
  operator = await startOperator(plane, folder.path)
})
after(async () => {
  await operator.stop()
  await plane.stop()
  folder.remove()
})

test('an operator from which another takes the Lease says so as an error, and ends with a code that is not 0', async () => {
  const { client } = plane
  await eventually('it leads', async () => (await operator.admin('metrics')).includes('\nchitin_leader 1\n'))
  // At its next renewal it may be faster than we are; then we try again.
  await eventually('another has the Lease', async () => {
    const held = await client.get<Lease>(resources.leases, lease)
    const taken = {
      ...held,
      spec: { ...held.spec, holderIdentity: 'another', renewTime: '2026-01-01T00:00:00.000000Z' },
    }
    return client.replace(resources.leases, taken).then(
      () => true,
      () => false,
    )
  })
  assert.equal(await operator.ended, 1)
  const lines = readFileSync(join(folder.path, 'log'), 'utf8').trimEnd().split('\n')
  const errors = lines.filter((line) => line.includes('"level":"error"'))
  assert.equal(errors.length, 1)
  assert.match(errors[0] ?? '', /the Lease is lost: the process ends, for another replica leads/)
  // It gives back only what is its own.
  assert.equal((await client.get<Lease>(resources.leases, lease)).spec.holderIdentity, 'another')
})
