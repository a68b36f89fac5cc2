/** Horizontal bars of ratios, one panel for each scenario, as an SVG that needs nothing else. */
import type { Summary } from './samples.ts'

export interface Panel {
  readonly title: string
  readonly bars: readonly ({ readonly name: string } & Summary)[]
}

export function chart(panels: readonly Panel[], footer: string): string {
  const parts: string[] = []
  let top = margin
  for (const panel of panels) {
    parts.push(drawPanel(panel, top))
    top += titleHeight + panel.bars.length * barHeight + margin
  }
  const height = top + margin
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#ffffff"/>
${parts.join('\n')}
<text x="${margin}" y="${top + 8}" font-size="11" fill="#555555">${escape(footer)}</text>
</svg>
`
}

function drawPanel({ title, bars }: Panel, top: number): string {
  const full = width - labelWidth - figureWidth - 2 * margin
  // One contestant ten times slower than all others would make them all look alike: its bar is cut, its figure is not.
  const scale = full / Math.min(Math.max(...bars.map(({ max }) => max)), longestRatio)
  const left = margin + labelWidth
  const length = (ratio: number): number => Math.min(ratio * scale, full)
  const rows = bars.map(({ name, min, median, max }, i) => {
    const y = top + titleHeight + i * barHeight
    const middle = y + barHeight / 2
    const colour = name.startsWith('chitin') ? '#c2410c' : '#94a3b8'
    return `<text x="${left - 8}" y="${middle + 4}" text-anchor="end">${escape(name)}</text>
<rect x="${left}" y="${y + 3}" width="${length(median).toFixed(1)}" height="${barHeight - 6}" fill="${colour}"/>
<line x1="${(left + length(min)).toFixed(1)}" x2="${(left + length(max)).toFixed(1)}" y1="${middle}" y2="${middle}" stroke="#111111"/>
<text x="${width - margin}" y="${middle + 4}" text-anchor="end">${median.toFixed(2)}</text>`
  })
  const one = (left + length(1)).toFixed(1)
  const bottom = top + titleHeight + bars.length * barHeight
  return `<text x="${margin}" y="${top + 12}" font-weight="bold">${escape(title)}</text>
${rows.join('\n')}
<line x1="${one}" x2="${one}" y1="${top + titleHeight}" y2="${bottom}" stroke="#111111" stroke-dasharray="3 3"/>`
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

const width = 760
const margin = 16
const labelWidth = 110
const figureWidth = 50
const titleHeight = 22
const barHeight = 20
const longestRatio = 5
