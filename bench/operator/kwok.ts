/** Kubelets for the bench: kwok plays nodes, and says of pods that they run. Built from its Go module once. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cached } from '../../test/cluster/cache.ts'
import { ensureKubernetes } from '../../test/cluster/kubernetes.ts'
import { prerequisites } from '../../test/cluster/prerequisites.ts'
import { run } from '../../test/cluster/shell.ts'
import { start } from '../../test/support/child.ts'

/** Starts kwok and the controllers that make pods of Deployments. Pods get addresses of `podNetwork`. */
export async function startKubelets(kubeconfig: string, podNetwork: string): Promise<{ stop(): Promise<void> }> {
  const kwok = await ensureKwok()
  const kubernetes = await ensureKubernetes(['kube-controller-manager'])
  const programs = [
    await start(join(kwok, 'kwok'), [
      '--kubeconfig',
      kubeconfig,
      '--config',
      join(kwok, 'stages.yaml'),
      '--manage-all-nodes=true',
      `--cidr=${podNetwork}`,
      '--node-lease-duration-seconds=0',
      '--server-address=',
    ]),
    await start(join(kubernetes, 'kube-controller-manager'), [
      `--kubeconfig=${kubeconfig}`,
      '--controllers=deployment,replicaset',
      '--leader-elect=false',
      // Its own limits are made for API servers that serve others, too.
      '--kube-api-qps=1000',
      '--kube-api-burst=2000',
      '--secure-port=0',
    ]),
  ]
  let isOver = false
  for (const { exited, output } of programs)
    void exited.then(() => {
      if (!isOver) throw new Error(`kwok or kube-controller-manager has ended:\n${output().slice(-2000)}`)
    })
  return {
    async stop() {
      isOver = true
      for (const program of programs) await program.stop('SIGKILL')
    },
  }
}

/** The folder with the program, and with what it is to do to nodes and pods. */
async function ensureKwok(): Promise<string> {
  return cached(`kwok-${version}`, `kwok ${version}`, async (folder) => {
    await prerequisites('go')
    const env = { GOFLAGS: '-mod=mod', CGO_ENABLED: '0', GOWORK: 'off', GOBIN: folder }
    await run('go', ['install', `sigs.k8s.io/kwok/cmd/kwok@v${version}`], { env })
    const module = JSON.parse(await run('go', ['mod', 'download', '-json', `sigs.k8s.io/kwok@v${version}`])) as {
      readonly Dir: string
    }
    const files = stages.map((file) => readFileSync(join(module.Dir, 'kustomize', 'stage', file), 'utf8'))
    writeFileSync(join(folder, 'stages.yaml'), files.join('---\n'))
  })
}

const version = '0.8.0'
/** kwok's own: at once ready, and at once gone. */
const stages = ['node/fast/node-initialize.yaml', 'pod/fast/pod-ready.yaml', 'pod/fast/pod-delete.yaml']
