/** The Kubernetes binaries of one pinned version, built from their Go modules once and kept in the cache. */
import { mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { alone, cacheRoot, exists } from './cache.ts'
import { prerequisites } from './prerequisites.ts'
import { attempt, run, say } from './shell.ts'

/** The Kubernetes that the cluster tests run. */
export const kubernetesVersion = '1.36.3'

const commands = [
  'kube-apiserver',
  'kubectl',
  'kube-controller-manager',
  'kube-scheduler',
  'kubelet',
  'kube-proxy',
] as const

/** One of Kubernetes' programs. */
export type KubernetesCommand = (typeof commands)[number]

/**
 * The directory that holds Kubernetes' programs (all of them unless told which). KUBEBUILDER_ASSETS is used for what it
 * has of the pinned version; the rest is built: about 8 minutes on two cores, 5 of them kube-apiserver.
 */
export async function ensureKubernetes(wanted: readonly KubernetesCommand[] = commands): Promise<string> {
  const directory = join(cacheRoot, `kubernetes-${kubernetesVersion}`)
  const absent = async (): Promise<KubernetesCommand[]> => {
    const found = await Promise.all(wanted.map((command) => exists(join(directory, command))))
    return wanted.filter((_, index) => !found[index])
  }
  if ((await absent()).length === 0) return directory
  return await alone(`kubernetes-${kubernetesVersion}`, async () => {
    await mkdir(directory, { recursive: true })
    for (const command of await absent()) await fromAssets(command, directory)
    const missing = await absent()
    if (missing.length > 0) await build(missing, directory)
    return directory
  })
}

async function fromAssets(command: KubernetesCommand, directory: string): Promise<void> {
  const assets = process.env['KUBEBUILDER_ASSETS']
  if (assets === undefined || !(await exists(join(assets, command)))) return
  const path = join(assets, command)
  // Another minor version of the API server under a newer kubelet is not a cluster anybody supports.
  const version = await attempt(path, command === 'kubectl' ? ['version', '--client'] : ['--version'])
  if (version.stdout.includes(`v${kubernetesVersion}`)) await symlink(path, join(directory, command))
  else say(`KUBEBUILDER_ASSETS has another version of ${command}: ${version.stdout.trim().split('\n', 1)[0] ?? ''}`)
}

async function build(missing: readonly KubernetesCommand[], directory: string): Promise<void> {
  await prerequisites('go')
  const module = join(directory, 'module')
  await mkdir(module, { recursive: true })
  const env = { GOFLAGS: '-mod=mod', CGO_ENABLED: '0', GOWORK: 'off' }
  const go = async (...arguments_: string[]): Promise<string> => await run('go', arguments_, { cwd: module, env })

  // k8s.io/kubernetes replaces its staging modules by ./staging, which only its own tree has. Elsewhere they are the
  // published modules v0.<minor>.<patch>, so each of its replacements becomes one of ours.
  const head = 'module chitin.dev/test/kubernetes\n\ngo 1.26.0\n'
  await writeFile(join(module, 'go.mod'), head)
  say(`fetching the Go modules of Kubernetes ${kubernetesVersion}`)
  const source = JSON.parse(await go('mod', 'download', '-json', `k8s.io/kubernetes@v${kubernetesVersion}`)) as {
    readonly Dir: string
  }
  const theirs = await readFile(join(source.Dir, 'go.mod'), 'utf8')
  const staged = new Set([...theirs.matchAll(/(k8s\.io\/[a-z-]+) => \.\/staging/g)].map(([, name]) => name))
  const minorAndPatch = kubernetesVersion.slice(kubernetesVersion.indexOf('.') + 1)
  const replace = [...staged].map((name) => `replace ${name} => ${name} v0.${minorAndPatch}\n`).join('')
  await writeFile(join(module, 'go.mod'), `${head}\nrequire k8s.io/kubernetes v${kubernetesVersion}\n\n${replace}`)
  const imports = commands.map((command) => `import _ "k8s.io/kubernetes/cmd/${command}"\n`).join('')
  await writeFile(join(module, 'tools.go'), `//go:build tools\n\npackage tools\n\n${imports}`)
  await go('mod', 'tidy', '-e')

  const version = 'k8s.io/component-base/version'
  const flags = [
    '-s -w',
    `-X ${version}.gitVersion=v${kubernetesVersion}`,
    `-X ${version}.gitMajor=1`,
    `-X ${version}.gitMinor=${minorAndPatch.split('.', 1)[0] ?? ''}`,
  ].join(' ')
  for (const [index, command] of missing.entries()) {
    say(`building ${command} ${kubernetesVersion} (${index + 1} of ${missing.length}; the first time takes minutes)`)
    const started = performance.now()
    const half = join(directory, `${command}.half`)
    await go('build', '-trimpath', '-ldflags', flags, '-o', half, `k8s.io/kubernetes/cmd/${command}`)
    await rename(half, join(directory, command))
    say(`built ${command} in ${((performance.now() - started) / 1000).toFixed(0)} s`)
  }
}
