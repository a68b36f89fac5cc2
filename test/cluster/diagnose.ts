/** What to read when something failed: the policies, the pods and events, and the last words of those concerned. */
import type { Cluster } from './cluster.ts'

/** A report for a person, from a cluster that may be half broken. */
export async function diagnose(cluster: Cluster): Promise<string> {
  const sections: (readonly [title: string, arguments_: readonly string[]])[] = [
    ['policies', ['get', 'tlspolicies.tls.chitin.dev', '-A', '-o', 'yaml']],
    ['pods', ['get', 'pods', '-A', '-o', 'wide']],
    ['events', ['get', 'events', '-A', '--sort-by=.lastTimestamp']],
    ['operator', ['-n', 'chitin-system', 'logs', '-l', 'app.kubernetes.io/name=chitin', '--tail=40', '--prefix']],
    [
      'operator before it restarted',
      ['-n', 'chitin-system', 'logs', '-l', 'app.kubernetes.io/name=chitin', '--tail=20', '-p'],
    ],
    [
      'sidecars',
      ['-n', 'ingress-nginx', 'logs', '-l', 'app.kubernetes.io/name=ingress-nginx', '-c', 'chitin', '--tail=20'],
    ],
    [
      'nginx',
      ['-n', 'ingress-nginx', 'logs', '-l', 'app.kubernetes.io/name=ingress-nginx', '-c', 'controller', '--tail=15'],
    ],
  ]
  const parts: string[] = []
  for (const [title, arguments_] of sections) {
    const { code, stdout, stderr } = await cluster.tryKubectl(arguments_, { timeoutMs: 20_000 })
    const text = (code === 0 ? stdout : stderr).trim()
    if (text !== '') parts.push(`--- ${title}\n${text.split('\n').slice(-80).join('\n')}`)
  }
  for (const log of ['kube-apiserver', 'kubelet']) parts.push(`--- ${log}\n${await cluster.log(log, 8)}`)
  return parts.join('\n')
}
