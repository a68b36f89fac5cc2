/**
 * The table of duties: every clause that binds us, in our words, with the file that does it and the tests that show it.
 * `npm run duties` writes manual/duties.md from what stands in the sources:
 *
 *  - a comment that begins with a clause and a colon ("RFC 8446 §5.1: a message that has begun …") is a duty of its file;
 *  - each line of a fault table is one: its reason, its alert and its clause; the file is the one that throws it.
 *
 * A test shows a comment's duty by naming the clause, and a fault's by naming the clause or provoking the reason.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'

export interface Duty {
  /** `RFC 8446 §4.2.8`. */
  readonly clause: string
  readonly text: string
  readonly file: string
  readonly tests: readonly string[]
}

export const project: string = join(import.meta.dirname, '..', '..')
export const tableFile: string = join(project, 'manual', 'duties.md')

/** Where duties are looked for, and where what shows them. */
const sources = ['src/tls', 'src/wire', 'src/x509']
export const shownIn: readonly string[] = ['test/tls', 'test/wire', 'test/x509', 'test/interop', 'test/scenarios']

/** Duties that no test shows, and why that is so. */
const unshown: Readonly<Record<string, string>> = {
  'RFC 8446 §C.4': 'It is advice to whoever keeps sessions; the engine keeps none.',
}

/** Every duty, by RFC and section. */
export function duties(): Duty[] {
  const code = filesBelow(sources)
  const shown = filesBelow(shownIn)
  const naming = (clause: string): string[] =>
    shown.filter(({ text }) => clausesOf(text).includes(clause)).map(({ path }) => path)
  const found: Duty[] = []
  for (const { path, text } of code) {
    for (const { clauses, sentence } of statements(text))
      for (const clause of clauses) found.push({ clause, text: sentence, file: path, tests: naming(clause) })
    for (const { reason, alert, clauses } of faultLines(text)) {
      const provoking = shown.filter(({ text: test }) => test.includes(`'${reason}'`)).map((file) => file.path)
      const thrower = code.find((file) => file.path !== path && file.text.includes(`fault('${reason}'`))
      for (const clause of clauses)
        found.push({
          clause,
          text: `${reason.replaceAll('-', ' ')}: answered by ${alert}`,
          file: thrower?.path ?? path,
          tests: [...new Set([...provoking, ...naming(clause)])].toSorted(),
        })
    }
  }
  return found.toSorted((a, b) => compare(a.clause, b.clause) || (a.file < b.file ? -1 : 1))
}

/** The duties that no test shows and for which no reason is given. */
export function unjustified(list: readonly Duty[]): Duty[] {
  return list.filter((duty) => duty.tests.length === 0 && unshown[duty.clause] === undefined)
}

/** The table as Markdown. */
export function render(list: readonly Duty[]): string {
  const open = list.filter((duty) => duty.tests.length === 0)
  const lines = [
    '# Duties',
    '',
    'Every clause that binds us, in our words, with the file that does it and the tests that show it. Written by',
    '`npm run duties` from comments and fault tables in the sources; a test holds it against them.',
    '',
    `${list.length} duties, ${list.length - open.length} shown by tests, ${open.length} not.`,
    '',
    ...(open.length === 0 ? [] : ['## Not shown by a test', '']),
    ...open.map(({ clause, text, file }) => `- ${clause} (${file}): ${text} ${unshown[clause] ?? ''}`.trimEnd()),
    ...(open.length === 0 ? [] : ['']),
  ]
  for (const rfc of new Set(list.map(({ clause }) => clause.split(' §')[0] ?? ''))) {
    lines.push(`## ${rfc}`, '', '| section | duty | file | tests |', '| --- | --- | --- | --- |')
    for (const duty of list.filter(({ clause }) => clause.startsWith(`${rfc} `))) {
      const shown = duty.tests.map((path) => `\`${path.replace('test/', '')}\``).join(', ')
      lines.push(`| ${duty.clause.split(' ').at(-1)} | ${escape(duty.text)} | \`${duty.file}\` | ${shown} |`)
    }
    lines.push('')
  }
  return lines.join('\n')
}

export interface SourceFile {
  readonly path: string
  readonly text: string
}

export function filesBelow(folders: readonly string[]): SourceFile[] {
  return folders.flatMap((folder) =>
    readdirSync(join(project, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.(ts|yaml)$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .toSorted()
      .map((path) => ({ path: relative(project, path), text: readFileSync(path, 'utf8') })),
  )
}

/**
 * What comments say a clause asks: `RFC 8446 §4.1.2, §4.2: a client may not …`, or a sentence that names its clause in
 * brackets, `The record key and IV of a traffic secret (RFC 8446 §7.3).`
 */
function statements(text: string): { clauses: string[]; sentence: string }[] {
  const found: { clauses: string[]; sentence: string }[] = []
  const leading = /^(RFC \d+ §[\w.]+(?:, (?:RFC \d+ )?§[\w.]+)*): (.*)$/
  const bracketed = /\((RFC \d+ §[^)]*)\)/
  for (const comment of comments(text))
    for (const sentence of comment.split(/(?<=\.) (?=[A-Z])/)) {
      const [, clauses, duty] = leading.exec(sentence) ?? []
      if (clauses !== undefined) found.push({ clauses: clausesOf(clauses), sentence: (duty ?? '').trim() })
      else {
        const [whole, named] = bracketed.exec(sentence) ?? []
        if (whole === undefined || named === undefined) continue
        found.push({ clauses: clausesOf(named), sentence: sentence.replace(` ${whole}`, '').trim() })
      }
    }
  return found
}

/** Each comment on one line, without its marks. */
function comments(text: string): string[] {
  const joined: string[] = []
  let current: string | undefined
  for (const line of text.split('\n')) {
    const [, , words] = /^\s*(\/\/|\/\*\*|\*(?!\/))\s?(.*?)(?:\s*\*\/)?$/.exec(line) ?? []
    if (words === undefined) {
      if (current !== undefined) joined.push(current)
      current = undefined
      const [, trailing] = /\s\/\/ (.*)$/.exec(line) ?? []
      if (trailing !== undefined) joined.push(trailing)
    } else current = current === undefined ? words : `${current} ${words}`.trim()
  }
  return joined
}

function faultLines(text: string): { reason: string; alert: string; clauses: string[] }[] {
  const line = /^ {2}'?([\w-]+)'?: \{ alert: '(\w+)', see: '([^']+)' \}/gm
  return [...text.matchAll(line)].map(([, reason = '', alert = '', see = '']) => ({
    reason,
    alert,
    clauses: clausesOf(see, /RFC \d+/.exec(text)?.[0]),
  }))
}

/** Clauses in the order of their naming; a section alone is of the RFC named before it. */
function clausesOf(text: string, first = 'RFC 8446'): string[] {
  let rfc = first
  const found: string[] = []
  for (const [, named, section] of text.matchAll(/(RFC \d+)|§([A-Z]?[\d.]*\d|[A-Z])/g)) {
    if (named !== undefined) rfc = named
    else found.push(`${rfc} §${section}`)
  }
  return [...new Set(found)]
}

export function compare(a: string, b: string): number {
  const [left = [], right = []] = [a, b].map((clause) => clause.split(/[ .§]+/))
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const order = (left[i] ?? '').localeCompare(right[i] ?? '', 'en', { numeric: true })
    if (order !== 0) return order
  }
  return 0
}

export function escape(text: string): string {
  return text.replaceAll('|', '\\|')
}

if (import.meta.main) writeFileSync(tableFile, render(duties()))
