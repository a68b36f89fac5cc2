import type { Container, ContainerPort } from '../api/pod.ts'
import { follow, type Mutable } from './mutable.ts'
import type { Original } from './original.ts'
import type { InjectionPlan } from './plan.ts'

/** Removes from nginx the ports that the sidecar takes; they say to others where to connect, and that is no longer nginx. */
export function takePorts(nginx: Mutable<Container>, plan: InjectionPlan): { index: number; port: ContainerPort }[] {
  const taken = (nginx.ports ?? []).flatMap((port, index) => (isTaken(port, plan) ? [{ index, port }] : []))
  if (taken.length === 0) return []
  nginx.ports = (nginx.ports ?? []).filter((port) => !isTaken(port, plan))
  if (nginx.ports.length === 0) delete nginx.ports
  return taken
}

function isTaken({ containerPort, protocol }: ContainerPort, plan: InjectionPlan): boolean {
  return (protocol ?? 'TCP') === 'TCP' && plan.listeners.some(({ port }) => port === containerPort)
}

/** The ports as nginx had them, names and hostPorts included; ports that nginx did not declare are declared without a name. */
export function sidecarPorts(plan: InjectionPlan, taken: readonly { readonly port: ContainerPort }[]): ContainerPort[] {
  return plan.listeners.flatMap(({ port }) => {
    const had = taken.map((entry) => entry.port).filter(({ containerPort }) => containerPort === port)
    return had.length > 0 ? had : [{ containerPort: port, protocol: 'TCP' }]
  })
}

/** Probes and hooks may call a port of their own container by its name, which has moved: they get the number. */
export function numberPorts(
  nginx: Mutable<Container>,
  taken: readonly ContainerPort[],
): { path: string[]; name: string }[] {
  const moved: { path: string[]; name: string }[] = []
  for (const path of handlers) {
    const handler = follow(nginx, path)
    const name = handler?.['port']
    const port = taken.find((one) => one.name !== undefined && one.name === name)
    if (handler === undefined || port?.name === undefined) continue
    handler['port'] = port.containerPort
    moved.push({ path: [...path], name: port.name })
  }
  return moved
}

/** Puts back what `takePorts` and `numberPorts` have changed. */
export function returnPorts(nginx: Mutable<Container>, { ports, portNames }: Original): void {
  if (ports.length > 0) {
    const declared = nginx.ports ?? []
    for (const { index, port } of ports) declared.splice(index, 0, port)
    nginx.ports = declared
  }
  for (const { path, name } of portNames) {
    const handler = follow(nginx, path)
    if (handler !== undefined && 'port' in handler) handler['port'] = name
  }
}

const handlers = ['startupProbe', 'readinessProbe', 'livenessProbe']
  .flatMap((probe) => [
    [probe, 'httpGet'],
    [probe, 'tcpSocket'],
  ])
  .concat([
    ['lifecycle', 'preStop', 'httpGet'],
    ['lifecycle', 'preStop', 'tcpSocket'],
    ['lifecycle', 'postStart', 'httpGet'],
  ])
