import { readFileSync } from 'node:fs'
import type { Command } from '../command.ts'
import { defineCommand } from '../command.ts'

export const command: Command = defineCommand({
  name: 'version',
  summary: 'print the version of Chitin and of the Node it runs on',
  options: {},
  run(_options, { out }) {
    // The same three floors up from src/cli/commands as from dist/cli/commands.
    const manifest = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
      readonly version: string // npm does not install a package without one
    }
    out(`chitin ${manifest.version}, node ${process.versions.node}\n`)
    return Promise.resolve(0)
  },
})
