/** Chain validation against verdicts that are not ours: Go's crypto/x509 on random chains, and Netflix's BetterTLS. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { native } from '../../src/crypto/native/provider.ts'
import { parseCertificate } from '../../src/x509/certificate.ts'
import type { Refusal } from '../../src/x509/chain-fault.ts'
import { verifyChain, type Believed } from '../../src/x509/chain.ts'
import { TrustAnchors } from '../../src/x509/trust-anchors.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { demand } from './clients.ts'

const folder = temporaryFolder('chains').path
const decode = (base64: string): Uint8Array => Uint8Array.from(Buffer.from(base64, 'base64'))

before(() => demand('go', 'golang'))

test('2000 random chains are believed or refused as Go does', (t) => {
  interface GoVerdict {
    readonly Roots: readonly string[]
    readonly Presented: readonly string[]
    readonly Host: string
    readonly Now: number
    readonly Client: boolean
    readonly Accepted: boolean
    readonly Error: string
  }
  const program = join(folder, 'chains')
  execFileSync('go', ['build', '-o', program, '.'], { cwd: join(import.meta.dirname, 'go-chains') })
  const seed = process.env['SEED'] ?? String(Math.floor(Math.random() * 2 ** 31))
  t.diagnostic(`SEED=${seed}`)
  const out = execFileSync(program, [seed, '2000'], { encoding: 'utf8', maxBuffer: 2 ** 28 })
  const differences: string[] = []
  let accepted = 0
  for (const [i, line] of out.trim().split('\n').entries()) {
    const theirs = JSON.parse(line) as GoVerdict
    const ours = verifyChain(theirs.Presented.map(decode), {
      anchors: new TrustAnchors(theirs.Roots.map((root) => parseCertificate(decode(root)))),
      purpose: theirs.Client ? 'clientAuth' : 'serverAuth',
      now: new Date(theirs.Now),
      crypto: native,
      ...(theirs.Host === '' ? {} : { name: theirs.Host }),
    })
    if (theirs.Accepted) accepted++
    if ('path' in ours !== theirs.Accepted)
      differences.push(`chain ${i}: ${told(ours)}; Go: ${theirs.Error || 'accepted'}`)
  }
  assert.deepEqual(differences, [])
  assert.ok(accepted > 200 && accepted < 1800, `${accepted} of 2000 were good: the generator has lost its balance`)
})

test('BetterTLS: every case of path building and name constraints ends as it should', () => {
  interface Cases {
    readonly trustRoot: string
    readonly suites: Readonly<
      Record<
        string,
        {
          readonly testCases: readonly {
            readonly id: number
            readonly certificates: readonly string[]
            readonly hostname: string
            readonly expected: 'ACCEPT' | 'REJECT'
          }[]
        }
      >
    >
  }
  const { trustRoot, suites } = JSON.parse(readFileSync(exportBetterTls(), 'utf8')) as Cases
  const anchors = new TrustAnchors([parseCertificate(decode(trustRoot))])
  const wrong: string[] = []
  for (const [suite, { testCases }] of Object.entries(suites)) {
    assert.ok(testCases.length > 50, `${suite} has only ${testCases.length} cases`)
    for (const { id, certificates, hostname, expected } of testCases) {
      const demanded = { anchors, purpose: 'serverAuth', now: new Date(), crypto: native, name: hostname } as const
      const answer = verifyChain(certificates.map(decode), demanded)
      if ('path' in answer !== (expected === 'ACCEPT'))
        wrong.push(`${suite} ${id}: expected ${expected}, ${told(answer)}`)
    }
  }
  assert.deepEqual(wrong, [])
})

function told(answer: Believed | Refusal): string {
  return 'path' in answer ? 'believed' : `${answer.refused}: ${answer.detail}`
}

/** The module that Go's own tests take it from, in the same version; it makes its certificates when it is run. */
function exportBetterTls(): string {
  const module = 'github.com/Netflix/bettertls@v0.0.0-20250909192348-e1e99e353074'
  const { Dir } = JSON.parse(go(['mod', 'download', '-json', module], folder)) as { readonly Dir: string }
  const source = join(folder, 'bettertls')
  cpSync(Dir, source, { recursive: true })
  const out = join(folder, 'bettertls.json')
  go(['run', './test-suites/cmd/bettertls', 'export-tests', '--out', out], source)
  return out
}

function go(args: readonly string[], cwd: string): string {
  return execFileSync('go', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
}
