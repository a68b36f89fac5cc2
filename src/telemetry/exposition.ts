/** Prometheus' text format, for what is written a piece at a time: prom-client holds an object for each series. */

export interface Metric {
  readonly name: string
  /** One line. */
  readonly help: string
}

export type Labels = Readonly<Record<string, string>>

/** What stands before the series of a gauge; all of these follow each other. */
export function header({ name, help }: Metric): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n`
}

/** One series. */
export function series(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escape(text)}"`)
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}\n`
}

function escape(text: string): string {
  return text.replace(/[\\"\n]/g, (character) => (character === '\n' ? String.raw`\n` : `\\${character}`))
}
