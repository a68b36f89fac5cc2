/** The schema of crds/ and parseTlsPolicy are two answers to one question; the samples hold them together. */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { parse } from 'yaml'
import { InvalidPolicyError, parseTlsPolicy } from '../../src/api/tls-policy.ts'
import type { Draft } from '../../src/kube/calls.ts'
import type { KubeClient } from '../../src/kube/client.ts'
import { KubeError } from '../../src/kube/kube-error.ts'
import { resources } from '../../src/kube/resource.ts'
import type { KubeObject } from '../../src/kube/resource.ts'
import { eventually, startControlPlane } from './harness.ts'
import type { ControlPlane } from './harness.ts'

interface Definition extends KubeObject {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[]
  }
}

const root = join(import.meta.dirname, '..', '..')
const definition = parse(readFileSync(join(root, 'crds', 'tls.chitin.dev_tlspolicies.yaml'), 'utf8')) as Definition

/** How the API server refuses TLS settings. */
const said: Readonly<Record<string, RegExp>> = {
  'version-old': /spec\.tls\.minVersion: Unsupported value: .*supported values: "1\.2", "1\.3"/,
  'groups-empty': /spec\.tls\.groups.* at least 1 item/,
  'groups-twice': /spec\.tls\.groups\[1\]: Duplicate value/,
  'groups-unknown': /spec\.tls\.groups\[\d\]: Unsupported value: .*supported values: "X25519MLKEM768"/,
  'suite-unknown': /spec\.tls\.cipherSuites\[\d\]: Unsupported value: .*supported values: "TLS_AES_128_GCM_SHA256"/,
  'suites-without-tls12': /spec\.tls: .*cipherSuites needs a suite of TLS 1\.2, unless minVersion is "1\.3"/,
  'suites-without-tls13': /spec\.tls: .*cipherSuites needs a suite of TLS 1\.3/,
  'suites-idle': /spec\.tls: .*cipherSuites names a suite of TLS 1\.2, which minVersion "1\.3" rules out/,
  'client-auth-without-ca': /spec\.tls\.clientAuth: .*caRef is required for mode Request and Require/,
  'tickets-too-often': /spec\.tls\.sessionTickets\.rotationInterval: .*rotationInterval is 1h to 168h/,
}

describe('the CRD, on a real API server', () => {
  let plane: ControlPlane
  let client: KubeClient

  before(async () => {
    plane = await startControlPlane()
    client = plane.client
    const name = definition.metadata.name
    await client.apply(resources.customResourceDefinitions, definition, { fieldValidation: 'Strict' })
    const condition = async (type: string): Promise<string | undefined> => {
      const { status } = await client.get<Definition>(resources.customResourceDefinitions, { name })
      return status?.conditions?.find((each) => each.type === type)?.status
    }
    await eventually('the CRD is established', async () => (await condition('Established')) === 'True')
    assert.notEqual(await condition('NonStructuralSchema'), 'True')
    // Established comes a moment before the API server serves it.
    await eventually('TLSPolicies are served', () => isServed(client))
  })
  after(() => plane.stop())

  for (const { name, value } of samples('good')) {
    test(`takes ${name}, as the parser does`, async () => {
      const before = parseTlsPolicy(value)
      const stored = await client.apply(resources.tlsPolicies, addressed(value), { fieldValidation: 'Strict' })
      // The schema's defaults must be the parser's: what the API server filled in changes nothing.
      assert.deepEqual(parseTlsPolicy(stored).spec, before.spec)
    })
  }

  for (const { name, value } of samples('bad')) {
    test(`refuses ${name}, as the parser does`, async () => {
      assert.throws(() => parseTlsPolicy(value), InvalidPolicyError)
      await assert.rejects(
        client.create(resources.tlsPolicies, addressed(value), { fieldValidation: 'Strict', dryRun: true }),
        (error: unknown) => {
          assert.ok(error instanceof KubeError)
          // 422 Invalid: the schema or a CEL rule; 400 BadRequest: a field that the schema does not know.
          assert.ok(error.status === 422 || error.status === 400, error.message)
          assert.doesNotMatch(error.message, /no such key|evaluation error/i, 'a CEL rule failed by accident')
          return true
        },
      )
    })
  }

  for (const [name, words] of Object.entries(said))
    test(`says of ${name} what would be taken`, async () => {
      const sample = samples('bad').find((one) => one.name === `${name}.yaml`)
      await assert.rejects(client.create(resources.tlsPolicies, addressed(sample?.value), { dryRun: true }), words)
    })

  test('status is a subresource: writing the spec leaves it alone, and the other way round', async () => {
    const [sample] = samples('good')
    assert.ok(sample)
    const policy = addressed(sample.value)
    const applied = await client.apply<KubeObject>(resources.tlsPolicies, policy)
    const status = {
      observedGeneration: applied.metadata.generation,
      conditions: [
        {
          type: 'Accepted',
          status: 'True',
          reason: 'Accepted',
          message: '',
          lastTransitionTime: '2026-01-01T00:00:00Z',
          observedGeneration: applied.metadata.generation,
        },
      ],
    }
    const metadata = { namespace: 'default', name: applied.metadata.name }
    const written = await client.apply<KubeObject & { status?: object }>(
      resources.tlsPolicies,
      { metadata, status } as Draft,
      { subresource: 'status', fieldValidation: 'Strict' },
    )
    assert.deepEqual(written.status, status)
    assert.equal(written.metadata.generation, applied.metadata.generation)
    const again = await client.apply<KubeObject & { status?: object }>(resources.tlsPolicies, policy)
    assert.deepEqual(again.status, status)
  })
})

interface Sample {
  readonly name: string
  readonly value: unknown
}

function samples(kind: 'good' | 'bad'): Sample[] {
  const folder = join(root, 'test', 'samples', kind)
  return readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .toSorted()
    .map((name) => ({ name, value: parse(readFileSync(join(folder, name), 'utf8')) as unknown }))
}

/** The namespace that kubectl would fill in. */
function addressed(value: unknown): Draft {
  const object = value as { metadata: { name: string; namespace?: string } }
  return { ...object, metadata: { namespace: 'default', ...object.metadata } }
}

async function isServed(client: KubeClient): Promise<boolean> {
  try {
    await client.page(resources.tlsPolicies)
    return true
  } catch {
    return false
  }
}
