/**
 * What the RFCs ask of us, clause by clause, as somebody read it out of them: test/manual/clauses/*.yaml. The table of
 * duties says what the sources do; this one, that nothing is missing there. Each clause names the test that shows it, or
 * the reason of the fault that answers it; what does not bind us, or is not done as it is asked, says why.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { faults } from '../../src/tls/fault.ts'
import { serverFaults } from '../../src/tls/client/faults.ts'
import { chainFaults } from '../../src/x509/chain-fault.ts'
import { compare, duties, escape, filesBelow, project, shownIn, type Duty, type SourceFile } from './duties.ts'

export interface Clause {
  readonly rfc: string
  /** `§4.2.8`. */
  readonly section: string
  /** What is asked, in our words; for what is not shown, the reason. */
  readonly text: string
  readonly standing: 'shown' | 'open' | 'not ours'
  /** Where it is done: the sources that name the clause, or throw the fault. */
  readonly files: readonly string[]
  readonly tests: readonly string[]
}

export const clausesFile: string = join(project, 'manual', 'clauses.md')

/** The lists as they were written. */
export function documents(): Document[] {
  const folder = join(import.meta.dirname, 'clauses')
  return readdirSync(folder).flatMap((name) =>
    [parse(readFileSync(join(folder, name), 'utf8')) as Document | readonly Document[]].flat(),
  )
}

/** Every clause, in the order of RFCs and sections. */
export function clauses(): Clause[] {
  const known = {
    duties: duties(),
    sources: filesBelow(['src']),
    tests: filesBelow([...shownIn, 'test/crypto', 'test/stream']),
  }
  return documents()
    .flatMap((document) => read(document, known))
    .toSorted((a, b) => compare(`${a.rfc} ${a.section}`, `${b.rfc} ${b.section}`))
}

/** What is wrong with the list, in words: a clause without a test, or without a file. */
export function gaps(list: readonly Clause[]): string[] {
  return list
    .filter(({ standing }) => standing === 'shown')
    .flatMap(({ rfc, section, text, files, tests }) => [
      ...(tests.length === 0 ? [`${rfc} ${section}: no test of that name shows that ${text}`] : []),
      ...(files.length === 0 ? [`${rfc} ${section}: no source names the clause, by which ${text}`] : []),
    ])
}

/** The page as Markdown. */
export function renderClauses(list: readonly Clause[]): string {
  const count = (standing: Clause['standing']): number => list.filter((clause) => clause.standing === standing).length
  const lines = [
    '# Clauses',
    '',
    'What the RFCs ask of a TLS server, or of our client, clause by clause, with the file that does it and the test that',
    'shows it. [Duties](duties.md) looks from the other side: what each source does, and by which clause. Written by',
    '`npm run duties` from `test/manual/clauses/`; a test fails where a clause is neither shown nor explained.',
    '',
    `${list.length} clauses: ${count('shown')} shown by tests, ${count('open')} open, ${count('not ours')} that do not bind us.`,
    '',
    '## Open',
    '',
    ...explained(list, 'open'),
    '',
    '## Not ours',
    '',
    ...explained(list, 'not ours'),
    '',
  ]
  const shown = list.filter(({ standing }) => standing === 'shown')
  for (const rfc of new Set(shown.map((clause) => clause.rfc))) {
    lines.push(`## ${rfc}`, '', '| section | what is asked | file | test |', '| --- | --- | --- | --- |')
    for (const { section, text, files, tests } of shown.filter((clause) => clause.rfc === rfc))
      lines.push(
        `| ${section} | ${escape(text)} | ${code(files)} | ${code(tests.map((test) => test.replace('test/', '')))} |`,
      )
    lines.push('')
  }
  return lines.join('\n')
}

/** One RFC's file, as it stands in YAML. */
export interface Document {
  readonly rfc: string
  /** The sections that may ask something, from its table of contents: each has to stand below. */
  readonly covers?: string
  /**
   * Section, with a source in brackets where none names the clause; then what is asked, then the name of a test or the
   * reason of a fault.
   */
  readonly shown?: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** Section, then the reason. */
  readonly open?: Readonly<Record<string, string>>
  readonly 'not ours'?: Readonly<Record<string, string>>
}

interface Known {
  readonly duties: readonly Duty[]
  readonly sources: readonly SourceFile[]
  readonly tests: readonly SourceFile[]
}

function read({ rfc, shown = {}, open = {}, 'not ours': beside = {} }: Document, known: Known): Clause[] {
  const told = Object.entries(shown).flatMap(([heading, asked]) => {
    const [, section = heading, named] = /^(\S+)(?: \((.*)\))?$/.exec(heading) ?? []
    return Object.entries(asked).map(([text, by]): Clause => ({
      rfc,
      section,
      text,
      standing: 'shown',
      files: doing(`${rfc} ${section}`, by, named, known),
      tests: known.tests.filter((file) => shows(file, by)).map(({ path }) => path),
    }))
  })
  const reasons = (standing: 'open' | 'not ours', list: Readonly<Record<string, string>>): Clause[] =>
    Object.entries(list).map(([section, text]) => ({ rfc, section, text, standing, files: [], tests: [] }))
  return [...told, ...reasons('open', open), ...reasons('not ours', beside)]
}

/** The sources that throw the fault; else those that name the clause, or that the list names for it. */
function doing(clause: string, by: string, named: string | undefined, { duties: list, sources }: Known): string[] {
  const throwing = sources.filter(({ text }) => text.includes(`fault('${by}'`) || text.includes(`refusal('${by}'`))
  if (reasons.has(by) && throwing.length > 0) return throwing.map(({ path }) => path)
  const naming = list.filter((duty) => duty.clause === clause).map(({ file }) => file)
  return [...new Set([...naming, ...sources.map(({ path }) => path).filter((path) => path === named)])]
}

/** Whether a file has a test of that name, or provokes the fault of that reason. */
function shows({ text }: SourceFile, by: string): boolean {
  if (reasons.has(by)) return text.includes(`'${by}'`) || text.includes(`\n  ${by}: `)
  const spellings = [`'${by}'`, `"${by}"`, `\`${by}\``, `name: ${by}, see: `]
  return spellings.some((spelling) => text.includes(spelling))
}

const reasons: ReadonlySet<string> = new Set(Object.keys({ ...faults, ...serverFaults, ...chainFaults }))

function explained(list: readonly Clause[], standing: Clause['standing']): string[] {
  return list.filter((clause) => clause.standing === standing).map((one) => `- ${one.rfc} ${one.section}: ${one.text}`)
}

function code(paths: readonly string[]): string {
  return paths.map((path) => `\`${path}\``).join(', ')
}

if (import.meta.main) writeFileSync(clausesFile, renderClauses(clauses()))
