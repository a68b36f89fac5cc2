/**
 * `node deploy/rules.ts`: writes the chart's RBAC rules from the operator's own list of what it asks of the API server
 * (src/controller/permissions.ts), so that the chart can grant neither more nor less.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { permissions } from '../src/controller/permissions.ts'

const head = '# Written by deploy/rules.ts from src/controller/permissions.ts.\n'

/** The files below charts/chitin/files that hold the rules, and what they should say. */
export function ruleFiles(): Readonly<Record<string, string>> {
  return { 'cluster-rules.yaml': head + rules(false), 'own-namespace-rules.yaml': head + rules(true) }
}

function rules(own: boolean): string {
  return permissions
    .filter(({ ownNamespace }) => (ownNamespace === true) === own)
    .map(({ apiGroup, resource, verbs, resourceNames, why }) =>
      [
        `# ${why}`,
        `- apiGroups: ['${apiGroup}']`,
        `  resources: [${resource}]`,
        ...(resourceNames === undefined ? [] : [`  resourceNames:${list(resourceNames)}`]),
        `  verbs: [${verbs.join(', ')}]\n`,
      ].join('\n'),
    )
    .join('')
}

/** In a line where that is short; what is written down is to be left alone by the formatter. */
function list(names: readonly string[]): string {
  const line = ` [${names.join(', ')}]`
  return line.length < 100 ? line : names.map((name) => `\n    - ${name}`).join('')
}

if (import.meta.main)
  for (const [name, text] of Object.entries(ruleFiles()))
    writeFileSync(join(import.meta.dirname, '..', 'charts', 'chitin', 'files', name), text)
