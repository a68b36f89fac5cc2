/**
 * `node deploy/render.ts`: renders deploy/install.yaml from the chart with its default values, for those who install by
 * `kubectl apply -f`. A test holds the file against the chart.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensureHelm } from '../test/cluster/helm.ts'

const project = join(import.meta.dirname, '..')
const head = `# Chitin, rendered from charts/chitin by deploy/render.ts. Install:
#   kubectl apply --server-side -f install.yaml
# Before deleting it again, delete every policy, so that the operator brings their pods back as they were:
#   kubectl delete tlspolicies.tls.chitin.dev --all --all-namespaces
#   kubectl delete -f install.yaml
apiVersion: v1
kind: Namespace
metadata:
  name: chitin-system
  labels:
    pod-security.kubernetes.io/enforce: restricted
`

/** What deploy/install.yaml should say. */
export async function renderInstall(): Promise<string> {
  const helm = await ensureHelm()
  const chart = join(project, 'charts', 'chitin')
  const options = ['--namespace', 'chitin-system', '--no-hooks', '--skip-tests']
  const rendered = execFileSync(helm, ['template', 'chitin', chart, ...options], { encoding: 'utf8' })
  // Nothing here was installed by Helm, and kubectl has no use for where a template was.
  const plain = rendered
    .replaceAll('managed-by: Helm', 'managed-by: kubectl')
    .replaceAll(/^ *helm\.sh\/chart: .*\n/gm, '')
  return head + plain
}

if (import.meta.main) {
  const path = join(project, 'deploy', 'install.yaml')
  writeFileSync(path, await renderInstall())
  console.log(`${path}: ${readFileSync(path, 'utf8').split('\n').length} lines`)
}
