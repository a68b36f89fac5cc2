/**
 * A real etcd and a real kube-apiserver on loopback, with certificates made for the occasion. No controllers run: no
 * garbage collection, no roll-outs, no kubelet; a test that needs one of them plays its part.
 */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import https from 'node:https'
import { createServer } from 'node:net'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from '../../src/kube/client.ts'
import type { KubeClient } from '../../src/kube/client.ts'
import { isAlreadyExists } from '../../src/kube/kube-error.ts'
import { resources } from '../../src/kube/resource.ts'
import { ensureKubernetes } from '../cluster/kubernetes.ts'
import { start } from '../support/child.ts'
import type { Child } from '../support/child.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

export interface Identity {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

export interface ControlPlane {
  readonly url: string
  /** A certificate for 127.0.0.1 under the control plane's CA, for servers that tests put in front of it. */
  readonly server: Identity
  /** A client certificate of the group system:masters. */
  readonly admin: Identity
  /** A bearer token of the service account `operator` in the namespace `default`, who may do nothing by himself. */
  readonly token: string
  readonly client: KubeClient
  /** A kubeconfig for the administrator; another URL when a test puts a server in between. */
  kubeconfig(url?: string): string
  kill(signal: NodeJS.Signals): Promise<void>
  restart(): Promise<void>
  stop(): Promise<void>
}

/** Starts both and waits until the API server says that it is ready. */
export async function startControlPlane(): Promise<ControlPlane> {
  const programs = await findPrograms()
  const folder = temporaryFolder('control-plane')
  const at = (name: string): string => join(folder.path, name)
  makeCertificates(folder.path)
  const [etcdPort, peerPort, port] = (await freePorts(3)) as [number, number, number]
  const url = `https://127.0.0.1:${port}`
  const identity = (name: string): Identity => ({
    ca: readFileSync(at('ca.crt'), 'utf8'),
    cert: readFileSync(at(`${name}.crt`), 'utf8'),
    key: readFileSync(at(`${name}.key`), 'utf8'),
  })
  const admin = identity('admin')
  const token = randomBytes(16).toString('hex')
  writeFileSync(at('tokens.csv'), `${token},system:serviceaccount:default:operator,operator\n`)

  const etcd = await start(programs.etcd, [
    `--data-dir=${at('etcd')}`,
    `--listen-client-urls=http://127.0.0.1:${etcdPort}`,
    `--advertise-client-urls=http://127.0.0.1:${etcdPort}`,
    `--listen-peer-urls=http://127.0.0.1:${peerPort}`,
    '--unsafe-no-fsync=true',
  ])
  const startApiServer = async (): Promise<Child> => {
    const child = await start(programs.apiServer, [
      `--etcd-servers=http://127.0.0.1:${etcdPort}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      `--secure-port=${port}`,
      `--cert-dir=${folder.path}`,
      `--tls-cert-file=${at('server.crt')}`,
      `--tls-private-key-file=${at('server.key')}`,
      `--client-ca-file=${at('ca.crt')}`,
      `--token-auth-file=${at('tokens.csv')}`,
      '--authorization-mode=RBAC',
      '--allow-privileged=true',
      '--service-cluster-ip-range=10.0.0.0/24',
      '--disable-admission-plugins=ServiceAccount',
      `--service-account-issuer=${url}/`,
      `--service-account-key-file=${at('server.crt')}`,
      `--service-account-signing-key-file=${at('server.key')}`,
    ])
    await whenReady(url, admin, child, etcd)
    return child
  }

  let apiServer: Child
  try {
    apiServer = await startApiServer()
  } catch (error) {
    await etcd.stop('SIGKILL')
    folder.remove()
    throw error
  }
  const kubeconfig = (server = url): string => kubeconfigFor(server, admin)
  const client = connect({ kubeconfigText: kubeconfig() })
  await ensureNamespace(client, 'default')
  return {
    url,
    server: identity('server'),
    admin,
    token,
    client,
    kubeconfig,
    kill: (signal) => apiServer.stop(signal),
    async restart() {
      await apiServer.stop('SIGKILL')
      apiServer = await startApiServer()
    },
    async stop() {
      client.close()
      // A graceful end of the API server takes seconds, and nothing here is worth keeping.
      await apiServer.stop('SIGKILL')
      await etcd.stop('SIGKILL')
      folder.remove()
    },
  }
}

/** Creates the namespace if it is not there. */
export async function ensureNamespace(client: KubeClient, name: string): Promise<void> {
  try {
    await client.create(resources.namespaces, { metadata: { name } })
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
  }
}

/** Asks again until the answer is yes; the deadline is for a test that would hang, not a measure. */
export async function eventually(what: string, isSo: () => boolean | Promise<boolean>, ms = 60_000): Promise<void> {
  const deadline = performance.now() + ms
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`after ${ms} ms still not so: ${what}`)
    await sleep(20)
  }
}

async function findPrograms(): Promise<{ readonly etcd: string; readonly apiServer: string }> {
  const assets = process.env['KUBEBUILDER_ASSETS'] ?? ''
  const own = assets === '' ? [] : [assets]
  const path = (process.env['PATH'] ?? '').split(delimiter)
  const etcd = [...own, ...path, '/usr/bin'].map((folder) => join(folder, 'etcd')).find((file) => existsSync(file))
  if (etcd === undefined)
    throw new Error('etcd is neither in $KUBEBUILDER_ASSETS nor on the PATH. Debian: apt-get install etcd-server')
  const given = own.map((folder) => join(folder, 'kube-apiserver')).find((file) => existsSync(file))
  return { etcd, apiServer: given ?? join(await ensureKubernetes(['kube-apiserver']), 'kube-apiserver') }
}

function makeCertificates(folder: string): void {
  const make = (name: string, subject: string, extensions: readonly string[], issuer?: string): void => {
    const signer = issuer === undefined ? [] : ['-CA', `${issuer}.crt`, '-CAkey', `${issuer}.key`]
    const extension = extensions.flatMap((value) => ['-addext', value])
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', `${name}.key`]
    const rest = ['-out', `${name}.crt`, '-subj', subject, '-days', '2', '-config', 'openssl.cnf']
    try {
      execFileSync('openssl', ['req', '-x509', '-sha256', ...key, ...rest, ...extension, ...signer], {
        cwd: folder,
        stdio: ['ignore', 'ignore', 'pipe'],
      })
    } catch (error) {
      throw new Error('openssl could not make a certificate for the API server (apt-get install openssl)', {
        cause: error,
      })
    }
  }
  writeFileSync(join(folder, 'openssl.cnf'), '[req]\ndistinguished_name = dn\n[dn]\n')
  make('ca', '/CN=chitin control plane test', ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign'])
  const leaf = ['basicConstraints=critical,CA:FALSE', 'keyUsage=critical,digitalSignature']
  const names = 'subjectAltName=IP:127.0.0.1,DNS:localhost'
  make('server', '/CN=kube-apiserver', [...leaf, 'extendedKeyUsage=serverAuth', names], 'ca')
  make('admin', '/O=system:masters/CN=administrator', [...leaf, 'extendedKeyUsage=clientAuth'], 'ca')
}

function kubeconfigFor(server: string, { ca, cert, key }: Identity): string {
  // JSON is YAML.
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': base64(ca) } }],
    users: [{ name: 'admin', user: { 'client-certificate-data': base64(cert), 'client-key-data': base64(key) } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin', namespace: 'default' } }],
    'current-context': 'test',
  })
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

async function whenReady(url: string, identity: Identity, apiServer: Child, etcd: Child): Promise<void> {
  const deadline = performance.now() + 90_000
  while (!(await isReady(url, identity))) {
    for (const [name, child] of [['kube-apiserver', apiServer] as const, ['etcd', etcd] as const]) {
      if (!child.hasExited && performance.now() < deadline) continue
      await apiServer.stop('SIGKILL')
      throw new Error(`${name} ${child.hasExited ? 'ended' : 'did not get ready'}:\n${child.output().slice(-4000)}`)
    }
    await sleep(100)
  }
}

async function isReady(url: string, { ca, cert, key }: Identity): Promise<boolean> {
  return new Promise((resolve) => {
    const request = https.get(`${url}/readyz`, { ca, cert, key, agent: false, timeout: 5000 }, (answer) => {
      answer.resume()
      resolve(answer.statusCode === 200)
    })
    request.on('error', () => resolve(false))
    request.on('timeout', () => request.destroy())
  })
}

/** All are held open until each has one, so that they differ. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports: number[] = []
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    if (typeof address === 'object' && address !== null) ports.push(address.port)
  }
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
