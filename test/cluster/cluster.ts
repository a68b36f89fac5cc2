/**
 * A real Kubernetes cluster of one node, in a network namespace of its own, with all its files in one directory under
 * the system's temporary one: etcd, kube-apiserver, controller-manager, scheduler, containerd, kubelet, kube-proxy.
 * A second namespace beside it is "the outside": clients of the cluster live there, one hop from the node.
 *
 *     outside 10.79.0.2, fd79::2  ──  10.79.0.1 node 10.77.0.1  ──  pods 10.78.0.0/24, fd78::/64
 *
 * `stop` takes away everything that `startCluster` made: processes, mounts, namespaces, control groups, files.
 */
import { spawn } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { closeSync, openSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, readdir, readlink, rm, rmdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { packImage } from './archive.ts'
import { exists } from './cache.ts'
import { Authority } from './certificates.ts'
import { ensureHelm } from './helm.ts'
import { ensureKubernetes } from './kubernetes.ts'
import { prerequisites } from './prerequisites.ts'
import { attempt, eventually, pause, run, say } from './shell.ts'
import type { Outcome, RunOptions } from './shell.ts'

const node = { name: 'node0', ip4: '10.77.0.1', ip6: 'fd77::1' }
const outsideGateway = { ip4: '10.79.0.1', ip6: 'fd79::1' }

/** The address that the cluster's clients come from. */
export const outsideAddress = { ip4: '10.79.0.2', ip6: 'fd79::2' } as const

const services = { ip4: '10.96.0.0/16', ip6: 'fd96::/112', kubernetes: '10.96.0.1' }
const pauseImage = 'localhost/pause:test'

/** A cluster that runs. */
export class Cluster {
  /** Everything of it is in here. */
  readonly directory: string
  readonly kubeconfig: string
  readonly #helm: string

  constructor(directory: string, helm: string) {
    this.directory = directory
    this.kubeconfig = join(directory, 'admin.kubeconfig')
    this.#helm = helm
  }

  /** The network namespace of the node. */
  get namespace(): string {
    return basename(this.directory)
  }

  /** A script that runs kubectl against this cluster, from any shell. */
  get kubectlScript(): string {
    return join(this.directory, 'kubectl')
  }

  /** Runs kubectl; throws with its words when it fails. */
  async kubectl(arguments_: readonly string[], options: RunOptions = {}): Promise<string> {
    return await run(this.kubectlScript, arguments_, { timeoutMs: 300_000, ...options })
  }

  /** Like `kubectl`, but a failure is an answer. */
  async tryKubectl(arguments_: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return await attempt(this.kubectlScript, arguments_, { timeoutMs: 300_000, ...options })
  }

  /** Applies YAML or an object as a user would. */
  async apply(manifest: unknown): Promise<string> {
    const input = typeof manifest === 'string' ? manifest : JSON.stringify(manifest)
    return await this.kubectl(['apply', '-f', '-'], { input })
  }

  /** Reads one object. The caller says what it expects; tests find out when that is wrong. */
  async read<T>(...arguments_: readonly string[]): Promise<T> {
    return JSON.parse(await this.kubectl(['get', '-o', 'json', ...arguments_])) as T
  }

  async helm(arguments_: readonly string[], options: RunOptions = {}): Promise<string> {
    return await this.inside(this.#helm, arguments_, {
      timeoutMs: 300_000,
      ...options,
      env: { KUBECONFIG: this.kubeconfig, HELM_CACHE_HOME: join(this.directory, 'helm'), ...options.env },
    })
  }

  /** Runs a program on the node. */
  async inside(command: string, arguments_: readonly string[], options: RunOptions = {}): Promise<string> {
    return await run('nsenter', [netns(this.namespace), command, ...arguments_], options)
  }

  /** Runs a program as a client of the cluster, one hop away from the node. */
  async outside(command: string, arguments_: readonly string[], options: RunOptions = {}): Promise<Outcome> {
    return await attempt('nsenter', [netns(`${this.namespace}-out`), command, ...arguments_], options)
  }

  /** Gives the node an image. */
  async importImage(archive: string): Promise<void> {
    await run('ctr', [...containerd(this.directory), 'images', 'import', archive], { timeoutMs: 300_000 })
  }

  /** Gives one of the node's images another name. */
  async tagImage(from: string, to: string): Promise<void> {
    await run('ctr', [...containerd(this.directory), 'images', 'tag', '--force', from, to])
  }

  /** Kills what runs in a container, by the containerID of its pod's status, without a word to anybody. */
  async kill(containerId: string): Promise<void> {
    const id = containerId.replace('containerd://', '')
    await run('ctr', [...containerd(this.directory), 'tasks', 'kill', '-s', 'KILL', id])
  }

  /** The last lines of one of the cluster's own programs. */
  async log(name: string, lines = 20): Promise<string> {
    const text = await readFile(join(this.directory, 'log', name), 'utf8').catch(() => '(no log)')
    return text.trimEnd().split('\n').slice(-lines).join('\n')
  }

  async stop(): Promise<void> {
    await stopCluster(this.directory)
  }
}

/** Brings a cluster up; ready in about 10 seconds once everything is built. */
export async function startCluster({ name }: { readonly name: string }): Promise<Cluster> {
  await prerequisites()
  const bin = await ensureKubernetes()
  const helm = await ensureHelm()
  const directory = await mkdtemp(join(tmpdir(), `chitin-${name.slice(0, 12)}-`))
  const cluster = new Cluster(directory, helm)
  try {
    for (const part of ['etcd', 'pki', 'log', 'pids', 'containerd', 'kubelet', 'cni', 'pods', 'pause'])
      await mkdir(join(directory, part))
    const ipv6 = await network(cluster)
    await credentials(cluster, bin)
    await controlPlane(cluster, bin, ipv6)
    await Promise.all([runtime(cluster, ipv6), cgroups(cluster, 'make')])
    await kubelet(cluster, bin, ipv6)
    return cluster
  } catch (error) {
    for (const log of await readdir(join(directory, 'log'))) say(`${log} said last:\n${await cluster.log(log, 8)}`)
    await cluster.stop()
    throw error
  }
}

/** A cluster that `startCluster` of another process made. */
export async function openCluster(directory: string): Promise<Cluster> {
  if (!(await exists(join(directory, 'pids'))))
    throw new Error(`${directory} is not the directory of a running cluster`)
  return new Cluster(directory, await ensureHelm())
}

function netns(name: string): string {
  return `--net=/run/netns/${name}`
}

function containerd(directory: string): string[] {
  return ['-a', join(directory, 'containerd.sock'), '-n', 'k8s.io']
}

/** Starts one of the cluster's programs, to live as long as the cluster does, whatever becomes of this process. */
async function start(cluster: Cluster, name: string, command: string, arguments_: readonly string[]): Promise<void> {
  const log = openSync(join(cluster.directory, 'log', name), 'a')
  // Not `ip netns exec`: it mounts a fresh /sys, and the kubelet then finds no control groups.
  const child = spawn('nsenter', [netns(cluster.namespace), command, ...arguments_], {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, TMPDIR: cluster.directory },
  })
  closeSync(log)
  await new Promise<void>((resolve, reject) => child.once('spawn', resolve).once('error', reject))
  child.unref()
  await writeFile(join(cluster.directory, 'pids', name), String(child.pid))
}

/** Makes the namespaces and what joins them. True when the kernel does IPv6 too. */
async function network(cluster: Cluster): Promise<boolean> {
  const outside = `${cluster.namespace}-out`
  for (const name of [cluster.namespace, outside]) await run('ip', ['netns', 'add', name])
  for (const name of [cluster.namespace, outside]) await ip(name, 'link', 'set', 'lo', 'up')
  // Some kernels have no dummy links: a bridge without ports is the node's interface.
  await ip(cluster.namespace, 'link', 'add', 'node0', 'type', 'bridge')
  await ip(cluster.namespace, 'link', 'add', 'out0', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', outside)
  const ipv6 =
    (await sysctl(cluster.namespace, 'net.ipv6.conf.all.disable_ipv6=0', 'net.ipv6.conf.all.forwarding=1')).code === 0
  if (!ipv6) say('this kernel has no IPv6: the cluster runs without it')
  await sysctl(cluster.namespace, 'net.ipv4.ip_forward=1')
  for (const family of ipv6 ? (['ip4', 'ip6'] as const) : (['ip4'] as const)) {
    const width = family === 'ip4' ? '24' : '64'
    const more = family === 'ip4' ? [] : ['nodad']
    await ip(cluster.namespace, 'addr', 'add', `${node[family]}/${width}`, 'dev', 'node0', ...more)
    await ip(cluster.namespace, 'addr', 'add', `${outsideGateway[family]}/${width}`, 'dev', 'out0', ...more)
    await ip(outside, 'addr', 'add', `${outsideAddress[family]}/${width}`, 'dev', 'eth0', ...more)
  }
  for (const [name, link] of [
    [cluster.namespace, 'node0'],
    [cluster.namespace, 'out0'],
    [outside, 'eth0'],
  ] as const)
    await ip(name, 'link', 'set', link, 'up')
  await ip(cluster.namespace, 'route', 'add', 'default', 'dev', 'node0')
  await ip(outside, 'route', 'add', 'default', 'via', outsideGateway.ip4)
  if (ipv6) {
    await ip(cluster.namespace, '-6', 'route', 'add', 'default', 'dev', 'node0')
    await ip(outside, '-6', 'route', 'add', 'default', 'via', outsideGateway.ip6)
  }
  return ipv6
}

async function ip(namespace: string, ...arguments_: readonly string[]): Promise<void> {
  await run('ip', ['-n', namespace, ...arguments_])
}

async function sysctl(namespace: string, ...settings: readonly string[]): Promise<Outcome> {
  return await attempt('nsenter', [netns(namespace), 'sysctl', '-q', '-w', ...settings])
}

async function credentials(cluster: Cluster, bin: string): Promise<void> {
  const pki = join(cluster.directory, 'pki')
  const authority = await Authority.create('cluster-ca')
  await writeFile(join(pki, 'ca.crt'), authority.certificate)
  await writeFile(join(pki, 'ca.key'), authority.key, { mode: 0o600 })
  const own = ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc']
  const leaves = {
    apiserver: { subject: 'CN=kube-apiserver', names: [...own, '127.0.0.1', node.ip4, services.kubernetes] },
    admin: { subject: 'O=system:masters, CN=admin' },
    kubelet: { subject: `O=system:nodes, CN=system:node:${node.name}`, names: [node.name, node.ip4] },
  }
  for (const [name, request] of Object.entries(leaves)) {
    const leaf = await authority.issue(request)
    await writeFile(join(pki, `${name}.crt`), leaf.certificate)
    await writeFile(join(pki, `${name}.key`), leaf.key, { mode: 0o600 })
  }
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  await writeFile(join(pki, 'sa.key'), privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  const base64 = async (name: string): Promise<string> => (await readFile(join(pki, name))).toString('base64')
  for (const user of ['admin', 'kubelet']) {
    const kubeconfig = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: 'chitin',
          cluster: {
            server: `https://${node.ip4}:6443`,
            'certificate-authority-data': await base64('ca.crt'),
          },
        },
      ],
      users: [
        {
          name: user,
          user: {
            'client-certificate-data': await base64(`${user}.crt`),
            'client-key-data': await base64(`${user}.key`),
          },
        },
      ],
      contexts: [{ name: 'chitin', context: { cluster: 'chitin', user } }],
      'current-context': 'chitin',
    }
    await writeFile(join(cluster.directory, `${user}.kubeconfig`), JSON.stringify(kubeconfig, null, 2), { mode: 0o600 })
  }
  const script = [
    '#!/bin/sh',
    `exec nsenter ${netns(cluster.namespace)} ${join(bin, 'kubectl')} --kubeconfig ${cluster.kubeconfig} "$@"`,
    '',
  ]
  await writeFile(cluster.kubectlScript, script.join('\n'), { mode: 0o755 })
}

async function controlPlane(cluster: Cluster, bin: string, ipv6: boolean): Promise<void> {
  const { directory } = cluster
  const pki = (name: string): string => join(directory, 'pki', name)
  await start(cluster, 'etcd', 'etcd', [
    `--data-dir=${join(directory, 'etcd')}`,
    '--listen-client-urls=http://127.0.0.1:2379',
    '--advertise-client-urls=http://127.0.0.1:2379',
    '--listen-peer-urls=http://127.0.0.1:2380',
    '--unsafe-no-fsync',
  ])
  await start(cluster, 'kube-apiserver', join(bin, 'kube-apiserver'), [
    '--etcd-servers=http://127.0.0.1:2379',
    `--service-cluster-ip-range=${ipv6 ? `${services.ip4},${services.ip6}` : services.ip4}`,
    '--allow-privileged=true',
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    `--client-ca-file=${pki('ca.crt')}`,
    `--tls-cert-file=${pki('apiserver.crt')}`,
    `--tls-private-key-file=${pki('apiserver.key')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${pki('sa.key')}`,
    `--service-account-signing-key-file=${pki('sa.key')}`,
    `--kubelet-client-certificate=${pki('admin.crt')}`,
    `--kubelet-client-key=${pki('admin.key')}`,
    // The node's name resolves nowhere: logs and exec go by address.
    '--kubelet-preferred-address-types=InternalIP',
    '--bind-address=0.0.0.0',
    `--advertise-address=${node.ip4}`,
    '--secure-port=6443',
  ])
  await eventually('kube-apiserver', async () => await cluster.kubectl(['get', '--raw', '/readyz']))
  const common = [`--kubeconfig=${cluster.kubeconfig}`, '--leader-elect=false', '--bind-address=127.0.0.1']
  await start(cluster, 'kube-controller-manager', join(bin, 'kube-controller-manager'), [
    ...common,
    `--service-account-private-key-file=${pki('sa.key')}`,
    `--root-ca-file=${pki('ca.crt')}`,
    `--cluster-signing-cert-file=${pki('ca.crt')}`,
    `--cluster-signing-key-file=${pki('ca.key')}`,
    '--use-service-account-credentials=true',
  ])
  await start(cluster, 'kube-scheduler', join(bin, 'kube-scheduler'), common)
}

async function runtime(cluster: Cluster, ipv6: boolean): Promise<void> {
  const { directory } = cluster
  const ranges = [[{ subnet: '10.78.0.0/24' }], ...(ipv6 ? [[{ subnet: 'fd78::/64' }]] : [])]
  const routes = [{ dst: '0.0.0.0/0' }, ...(ipv6 ? [{ dst: '::/0' }] : [])]
  const bridge = {
    type: 'bridge',
    bridge: 'cni0',
    isGateway: true,
    ipMasq: false,
    hairpinMode: true,
    ipam: { type: 'host-local', dataDir: join(directory, 'cni', 'ipam'), ranges, routes },
  }
  const plugins = [bridge, { type: 'portmap', capabilities: { portMappings: true } }]
  await mkdir(join(directory, 'cni', 'conf'))
  await writeFile(
    join(directory, 'cni', 'conf', '10-bridge.conflist'),
    JSON.stringify({ cniVersion: '0.4.0', name: cluster.namespace, plugins }),
  )
  // restrict_oom_score_adj: without CAP_SYS_RESOURCE runc fails with "can't get final child's PID from pipe".
  const config = `version = 2
root = "${directory}/containerd/root"
state = "${directory}/containerd/state"
[grpc]
  address = "${directory}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "${directory}/cni/conf"
`
  await writeFile(join(directory, 'containerd.toml'), config)
  await start(cluster, 'containerd', 'containerd', ['-c', join(directory, 'containerd.toml')])
  await eventually('containerd', async () => await run('ctr', [...containerd(directory), 'version']))
  const source = join(directory, 'pause.c')
  await writeFile(source, pauseSource)
  await run('gcc', ['-O2', '-static', '-o', join(directory, 'pause', 'pause'), source])
  const archive = join(directory, 'pause.tar')
  await packImage({ name: pauseImage, root: join(directory, 'pause'), command: ['/pause'] }, archive)
  await cluster.importImage(archive)
}

/** The process that holds a pod's namespaces: it waits, and buries the orphans of a shared PID namespace. */
const pauseSource = `#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
static void leave(int signal) { _exit(0); }
static void bury(int signal) { while (waitpid(-1, 0, WNOHANG) > 0) {} }
int main() {
  signal(SIGTERM, leave); signal(SIGINT, leave); signal(SIGCHLD, bury);
  for (;;) pause();
}
`

async function kubelet(cluster: Cluster, bin: string, ipv6: boolean): Promise<void> {
  const { directory } = cluster
  const pki = (name: string): string => join(directory, 'pki', name)
  const config = {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    failCgroupV1: false,
    failSwapOn: false,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${cluster.namespace}`,
    containerRuntimeEndpoint: `unix://${directory}/containerd.sock`,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: pki('ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: pki('kubelet.crt'),
    tlsPrivateKeyFile: pki('kubelet.key'),
    clusterDomain: 'cluster.local',
    resolvConf: '/dev/null',
    podLogsDir: join(directory, 'pods'),
    makeIPTablesUtilChains: false,
    // A crowded machine is no reason to evict what a test has just started.
    imageGCHighThresholdPercent: 100,
    evictionHard: { 'memory.available': '100Mi' },
  }
  await writeFile(join(directory, 'kubelet.yaml'), JSON.stringify(config))
  await start(cluster, 'kubelet', join(bin, 'kubelet'), [
    `--config=${join(directory, 'kubelet.yaml')}`,
    `--kubeconfig=${join(directory, 'kubelet.kubeconfig')}`,
    `--root-dir=${join(directory, 'kubelet')}`,
    `--hostname-override=${node.name}`,
    `--node-ip=${ipv6 ? `${node.ip4},${node.ip6}` : node.ip4}`,
  ])
  const proxy = {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'iptables',
    clientConnection: { kubeconfig: cluster.kubeconfig },
    hostnameOverride: node.name,
    conntrack: { maxPerCore: 0 },
  }
  await writeFile(join(directory, 'kube-proxy.yaml'), JSON.stringify(proxy))
  await start(cluster, 'kube-proxy', join(bin, 'kube-proxy'), [`--config=${join(directory, 'kube-proxy.yaml')}`])
  await eventually('the node', async () => await cluster.kubectl(['get', 'node', node.name]))
  await cluster.kubectl(['wait', '--for=condition=Ready', `node/${node.name}`, '--timeout=60s'])
  // Pods can be made only once their account is there.
  await eventually('the default account', async () => await cluster.kubectl(['get', 'serviceaccount', 'default']))
}

/** The kubelet's pods live below a control group of the cluster's own, in whichever hierarchies there are. */
async function cgroups(cluster: Cluster, what: 'make' | 'remove'): Promise<void> {
  const root = '/sys/fs/cgroup'
  const unified = await exists(join(root, 'cgroup.controllers'))
  const hierarchies = unified ? [root] : (await readdir(root)).map((name) => join(root, name))
  for (const hierarchy of hierarchies) {
    const group = join(hierarchy, cluster.namespace)
    if (what === 'make') {
      await mkdir(group, { recursive: true }).catch(() => undefined)
      if (hierarchy.endsWith('/cpuset'))
        for (const name of ['cpuset.cpus', 'cpuset.mems'])
          await writeFile(join(group, name), (await readFile(join(hierarchy, name), 'utf8')).trim())
    } else if (await exists(group)) await removeGroups(group)
  }
}

async function removeGroups(group: string): Promise<void> {
  const below = await readdir(group, { withFileTypes: true }).catch(() => [])
  for (const entry of below) if (entry.isDirectory()) await removeGroups(join(group, entry.name))
  // Only an empty group can be removed; the kernel may take a moment to bury the last process.
  for (let tries = 0; tries < 20 && (await exists(group)); tries++) {
    await rmdir(group).catch(() => undefined)
    if (await exists(group)) await pause(50)
  }
}

/** Takes a cluster away by its directory, however much of it there is. */
export async function stopCluster(directory: string): Promise<void> {
  const cluster = new Cluster(directory, '')
  const { namespace } = cluster
  // The kubelet first: it would start again what is ended next.
  await endDaemons(directory, ['kubelet', 'kube-controller-manager', 'kube-scheduler', 'kube-proxy'])
  if (await exists(join(directory, 'containerd.sock'))) {
    const tasks = await attempt('ctr', [...containerd(directory), 'tasks', 'ls', '-q'], { timeoutMs: 10_000 })
    for (const task of tasks.stdout.split('\n').filter((id) => id !== ''))
      await attempt('ctr', [...containerd(directory), 'tasks', 'kill', '-s', 'KILL', task], { timeoutMs: 10_000 })
    for (let tries = 0; tries < 50; tries++) {
      const left = await attempt('ctr', [...containerd(directory), 'tasks', 'ls'], { timeoutMs: 10_000 })
      if (!left.stdout.includes('RUNNING')) break
      await pause(100)
    }
    for (const task of tasks.stdout.split('\n').filter((id) => id !== ''))
      await attempt('ctr', [...containerd(directory), 'tasks', 'rm', '-f', task], { timeoutMs: 10_000 })
  }
  await endDaemons(directory, ['containerd', 'kube-apiserver', 'etcd'])
  // Shims outlive containerd by design, and are known by the socket in their command line.
  for (const pid of await processesNaming(directory)) signal(pid, 'SIGKILL')
  for (let tries = 0; tries < 50 && (await processesNaming(directory)).length > 0; tries++) await pause(100)

  for (const name of [namespace, `${namespace}-out`]) await attempt('ip', ['netns', 'del', name])
  const mounts = (await readFile('/proc/mounts', 'utf8')).split('\n').map((line) => line.split(' ')[1] ?? '')
  for (const mount of mounts.filter((path) => path.startsWith(`${directory}/`)).toReversed())
    await attempt('umount', ['-l', mount])
  await cgroups(cluster, 'remove')
  const links = '/var/log/containers'
  for (const name of await readdir(links).catch(() => []))
    if ((await readlink(join(links, name)).catch(() => '')).startsWith(directory)) await rm(join(links, name))
  await rm(directory, { recursive: true, force: true, maxRetries: 5 })
}

/** Nothing that they would still write down is kept: they are ended without waiting for their own good-byes. */
async function endDaemons(directory: string, names: readonly string[]): Promise<void> {
  const pids: number[] = []
  for (const name of names) {
    const pid = Number(await readFile(join(directory, 'pids', name), 'utf8').catch(() => ''))
    // A number may have been given to another process since: ours names the directory, or is one of our daemons.
    if (pid > 0 && (await commandLine(pid)).includes(name)) pids.push(pid)
  }
  for (const pid of pids) signal(pid, 'SIGKILL')
  for (let tries = 0; tries < 100; tries++) {
    const lines = await Promise.all(pids.map(commandLine))
    if (lines.every((line) => line === '')) return
    await pause(100)
  }
}

async function processesNaming(directory: string): Promise<number[]> {
  const found: number[] = []
  for (const name of await readdir('/proc')) {
    const pid = Number(name)
    if (!(pid > 0) || pid === process.pid || pid === process.ppid) continue
    const line = await commandLine(pid)
    if (line.includes('containerd-shim') && line.includes(`${directory}/`)) found.push(pid)
  }
  return found
}

/** Empty for a process that has ended, also while nobody has collected it. */
async function commandLine(pid: number): Promise<string> {
  return (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).replaceAll('\0', ' ')
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has ended by itself.
  }
}
