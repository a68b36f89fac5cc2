import { environmentName, flagName } from './option-names.ts'
import type { OptionTable } from './options.ts'

/** The text of `--help`. */
export function usage(command: string, description: string, table: OptionTable): string {
  const [first] = Object.keys(table)
  const environment = [
    '',
    `Each option can come from the environment too: ${environmentName(first ?? '')} and so on;`,
    'a flag wins. Lists are separated by commas there.',
  ]
  return [
    `Usage: chitin ${command} [options]`,
    '',
    description,
    '',
    ...optionLines(table),
    ...(first === undefined ? [] : environment),
    '',
  ].join('\n')
}

/** Of each option a line, or two, with what it does. */
export function optionLines(table: OptionTable): readonly string[] {
  const rows = Object.entries(table).map(([key, option]) => {
    const left = `  ${flagName(key)}${option.value === undefined ? '' : ` ${option.value}`}`
    const notes = [option.repeatable ? 'repeatable' : '', option.shown === undefined ? '' : `default ${option.shown}`]
    const remarks = notes
      .filter((note) => note !== '')
      .join(', ')
      .replace('default required', 'required')
    return { left, right: `${option.doc}${remarks === '' ? '' : ` (${remarks})`}` }
  })
  rows.push({ left: '  --help', right: 'print this and exit' })
  const width = Math.min(38, Math.max(...rows.map(({ left }) => left.length)) + 2)
  return rows.map(({ left, right }) =>
    left.length < width ? left.padEnd(width) + right : `${left}\n${' '.repeat(width)}${right}`,
  )
}
