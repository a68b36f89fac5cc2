import {
  adminPort,
  adminPortName,
  bundlePath,
  bundleVolume,
  podInfoPath,
  podInfoVolume,
  sidecarName,
} from '../api/names.ts'
import type { Container, ContainerPort, PodSpec } from '../api/pod.ts'
import { formatDuration } from '../api/duration.ts'
import type { InjectionPlan } from './plan.ts'
import { generationFile } from './volumes.ts'

/**
 * The sidecar's container. It is a native sidecar, an init container that goes on running: it is up before nginx starts,
 * and is told to stop only after nginx has ended, so nginx's own graceful shutdown still has a way to its clients.
 */
export function sidecar(plan: InjectionPlan, ports: readonly ContainerPort[]): Container {
  return {
    name: sidecarName,
    image: plan.image,
    imagePullPolicy: 'IfNotPresent',
    restartPolicy: 'Always',
    // Node's permission model: no child processes, no addons, and no file beyond the program and its mounts; and a bound
    // for garbage.
    // src/terminator/permissions.ts says what each flag is for; a test holds the two together.
    command: [
      '/usr/local/bin/node',
      '--permission',
      '--allow-worker',
      '--disable-warning=PERM0006',
      '--max-semi-space-size=1',
      '--allow-fs-read=/app',
      '--allow-fs-read=/var/run/chitin',
      '/app/dist/main.js',
    ],
    args: ['terminator', ...args(plan)],
    ports: [...ports, { name: adminPortName, containerPort: adminPort, protocol: 'TCP' }],
    resources: plan.resources,
    // nginx starts only after the startup probe, and the sidecar is ready only when nginx answers: so the one may not
    // wait for the other, and startup asks for no more than /livez.
    startupProbe: { httpGet: { path: '/livez', port: adminPort }, periodSeconds: 1, failureThreshold: 60 },
    readinessProbe: {
      httpGet: { path: '/readyz', port: adminPort },
      periodSeconds: 2,
      timeoutSeconds: 2,
      failureThreshold: 3,
    },
    livenessProbe: {
      httpGet: { path: '/livez', port: adminPort },
      periodSeconds: 10,
      timeoutSeconds: 5,
      failureThreshold: 6,
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
      runAsGroup: 65532,
      runAsNonRoot: true,
      runAsUser: 65532,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [
      { name: bundleVolume, mountPath: bundlePath, readOnly: true },
      { name: podInfoVolume, mountPath: podInfoPath, readOnly: true },
      // Something has to be mounted there, or the API server puts the token of nginx's ServiceAccount there, which may
      // mostly list all Secrets. The program that hears from strangers has no use for it.
      { name: podInfoVolume, mountPath: tokenPath, readOnly: true },
    ],
  }
}

/** Whether a pod has it; what its annotations say is anybody's word. */
export function hasSidecar({ initContainers = [] }: PodSpec): boolean {
  return initContainers.some(({ name }) => name === sidecarName)
}

/** Where the admission plugin ServiceAccount mounts the token, into every container that has nothing there. */
const tokenPath = '/var/run/secrets/kubernetes.io/serviceaccount'

function args(plan: InjectionPlan): string[] {
  const out = ['--bundle', bundlePath, '--generation-file', `${podInfoPath}/${generationFile}`]
  for (const { port, tls } of plan.listeners) out.push(tls ? '--listen' : '--listen-plain', String(port))
  for (const { port, advertise } of plan.listeners) {
    if (advertise !== undefined && advertise !== port) out.push('--advertise', `${port}=${advertise}`)
  }
  out.push('--upstream', `127.0.0.1:${plan.upstreamPort}`)
  if (plan.sendProxyProtocol) out.push('--proxy-protocol')
  if (plan.acceptProxyProtocol) out.push('--accept-proxy-protocol')
  out.push('--admin', String(adminPort), '--drain', formatDuration(plan.drainMs))
  return out
}
