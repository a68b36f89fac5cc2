/**
 * What the cluster needs from the machine. Nothing is skipped in silence: what is missing is installed where we may
 * (root, with apt-get), or named together with the command that would get it.
 */
import { exists } from './cache.ts'
import { onPath, run, say } from './shell.ts'

/** Debian's package for each program the harness starts. */
const packages: Readonly<Record<string, string>> = {
  containerd: 'containerd',
  ctr: 'containerd',
  runc: 'runc',
  etcd: 'etcd-server',
  conntrack: 'conntrack',
  iptables: 'iptables',
  ip6tables: 'iptables',
  ip: 'iproute2',
  openssl: 'openssl',
  gcc: 'gcc',
  debootstrap: 'debootstrap',
  buildah: 'buildah',
  curl: 'curl',
  unzip: 'unzip',
  nsenter: 'util-linux',
}

/** Files that come with a package but are no program on the PATH. */
const files: Readonly<Record<string, string>> = {
  '/usr/lib/cni/bridge': 'containernetworking-plugins',
  // Ubuntu's debootstrap does not bring it along, and would take Debian's packages unsigned.
  '/usr/share/keyrings/debian-archive-keyring.gpg': 'debian-archive-keyring',
}

/** The names of what the harness starts, for tests that need only a part. */
export type Program = 'etcd' | 'go' | 'cluster'

/** Makes sure that the machine can run the asked part; throws one Error that lists all that is missing, and how to get it. */
export async function prerequisites(part: Program = 'cluster'): Promise<void> {
  const missing: string[] = []
  if (part === 'cluster' && process.getuid?.() !== 0)
    missing.push(
      'root: the cluster makes network namespaces and mounts. Run it as: sudo env "PATH=$PATH" npm run test:cluster',
    )
  if (part !== 'etcd' && !(await onPath('go')))
    missing.push(
      'go 1.26 or later, which builds Kubernetes and ingress-nginx: https://go.dev/dl/ (put its bin on the PATH)',
    )

  const wanted = new Set<string>()
  const programs = part === 'cluster' ? Object.keys(packages) : part === 'etcd' ? ['etcd'] : []
  for (const program of programs) if (!(await onPath(program))) wanted.add(packages[program] ?? program)
  if (part === 'cluster') for (const [file, name] of Object.entries(files)) if (!(await exists(file))) wanted.add(name)
  if (wanted.size > 0) {
    const install = `apt-get install -y --no-install-recommends ${[...wanted].join(' ')}`
    if (process.getuid?.() === 0 && (await onPath('apt-get'))) {
      say(`installing what is missing: ${install}`)
      const env = { DEBIAN_FRONTEND: 'noninteractive' }
      await run('apt-get', ['update', '-q'], { env })
      await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...wanted], { env })
    } else missing.push(`${[...wanted].join(', ')}: ${install} (as root)`)
  }
  if (missing.length > 0)
    throw new Error(`This machine can't run this stage yet. Missing:\n  - ${missing.join('\n  - ')}`)
}
