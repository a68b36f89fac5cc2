import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { clauses, clausesFile, documents, gaps, renderClauses, type Clause } from './clauses.ts'

suite('every clause that binds us', () => {
  test('is shown by a test and done by a source, or says why it is not', () => {
    assert.deepEqual(gaps(clauses()), [])
  })

  test('is looked for in every section of its RFC that may ask something', () => {
    const list = clauses()
    for (const { rfc, covers } of documents())
      for (const section of covers?.split(' ') ?? [])
        assert(
          list.some((clause) => clause.rfc === rfc && clause.section === section),
          `${rfc} ${section} is passed over`,
        )
  })

  test('stands once, with a reason of more than a word where it is not shown', () => {
    const seen = new Set<string>()
    for (const { rfc, section, text, standing } of clauses()) {
      assert(standing === 'shown' || text.split(' ').length > 2, `${rfc} ${section}: ${text}`)
      const whole = `${rfc} ${section} ${text}`
      assert(!seen.has(whole), `${whole} stands twice`)
      seen.add(whole)
    }
  })

  test('stands on the page that the lists make', () => {
    assert.equal(readFileSync(clausesFile, 'utf8'), renderClauses(clauses()), 'npm run duties writes it anew')
  })
})

test('a clause that names no test, or no source, is told', () => {
  const clause: Clause = { rfc: 'RFC 1', section: '§1', text: 'it is so', standing: 'shown', files: [], tests: [] }
  assert.deepEqual(gaps([clause]), [
    'RFC 1 §1: no test of that name shows that it is so',
    'RFC 1 §1: no source names the clause, by which it is so',
  ])
  assert.deepEqual(gaps([{ ...clause, standing: 'open' }]), [])
})
