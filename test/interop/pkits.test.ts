/**
 * NIST's Public Key Interoperability Test Suite (PKITS), as it comes with Go's sources: certificates and what a
 * validator must make of them. Public domain; see its README there.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { native } from '../../src/crypto/native/provider.ts'
import { verifyChain } from '../../src/x509/chain.ts'
import { parseCertificate } from '../../src/x509/certificate.ts'
import { TrustAnchors } from '../../src/x509/trust-anchors.ts'
import { demand } from './clients.ts'

interface PkitsCase {
  readonly Name: string
  /** The anchor first, the leaf last. */
  readonly CertPath: readonly string[]
  readonly InitialPolicySet: readonly string[]
  readonly InitialExplicitPolicy: boolean
  readonly ShouldValidate: boolean
}

const read = (...path: readonly string[]): Buffer => readFileSync(join(pkitsFolder(), ...path))

test('PKITS: nothing that it calls invalid is believed, and nothing valid refused but what is known', () => {
  demand('go', 'golang')
  const cases = JSON.parse(read('vectors.json').toString()) as PkitsCase[]
  const wrongly: Record<'believed' | 'refused', string[]> = { believed: [], refused: [] }
  let asked = 0
  for (const one of cases) {
    // Nobody can ask us for a policy, and Go's copy has left the CRLs behind: test/x509/chain.test.ts makes its own.
    if (one.InitialExplicitPolicy || one.InitialPolicySet.join() !== 'anyPolicy' || needsCrl.test(one.Name)) continue
    const [anchor, ...others] = one.CertPath.map((name) => Uint8Array.from(read('certs', name)))
    const answer = verifyChain(others.toReversed(), {
      anchors: new TrustAnchors([parseCertificate(anchor as Uint8Array)]),
      purpose: 'clientAuth',
      now: new Date('2015-01-01T00:00:00Z'),
      crypto: native,
    })
    asked++
    const [section = ''] = one.Name.split(' ')
    if ('path' in answer && !one.ShouldValidate) wrongly.believed.push(one.Name)
    if ('refused' in answer && one.ShouldValidate) wrongly.refused.push(`${section} ${answer.refused}`)
  }
  assert.ok(asked > 100, `only ${asked} cases were found`)
  assert.deepEqual(wrongly.believed, [])
  for (const refused of wrongly.refused) assert.match(refused, known)
})

/** Sections on revocation alone, and the cases elsewhere whose certificates are fine and whose CRLs are not. */
const needsCrl = /^4\.(4|14|15)\.|^4\.5\.(2|5|7) |^4\.7\.(4|5) /
/** DSA; chains that demand a policy (RFC 5280 §6.1.1 (c)); URIs under a constraint on URIs. */
const known = /^4\.1\.[45] unsupported-key$|^4\.(8|9|10|11|12)\.\S+ policy-demanded$|^4\.13\.3[46] name-forbidden$/

function pkitsFolder(): string {
  const root = execFileSync('go', ['env', 'GOROOT'], { encoding: 'utf8' }).trim()
  return join(root, 'src', 'crypto', 'x509', 'testdata', 'nist-pkits')
}
