import type { NginxPlan } from '../api/nginx-plan.ts'
import type { Container } from '../api/pod.ts'
import { clientNotices, type Flavour, type FlavourInput, type Reads, type Refused } from './flavour.ts'

/**
 * An nginx whose configuration the user wrote. They say by spec.backend where its plaintext listener is; we take over
 * its TLS ports and change nothing inside the container.
 */
export const plainNginx: Flavour = { name: 'plain-nginx', recognises, reads, clientAuth: () => [], plan }

function recognises({ image, command = [], args = [] }: Container): boolean {
  if (/(^|\/)(nginx|nginx-unprivileged|openresty)([:@]|$)/.test(image ?? '')) return true
  return [...command, ...args].some((item) => /(^|\/)nginx$/.test(item))
}

function reads(): Reads {
  return {}
}

function plan({ policy, container }: FlavourInput): NginxPlan | Refused {
  const { backend, http, tls } = policy.spec
  if (backend === undefined)
    return { refused: 'BackendRequired', message: 'a plain nginx needs spec.backend.port: its plaintext listener' }
  if (Object.keys(http.hsts).length > 0)
    return {
      refused: 'UnsupportedFeature',
      message: 'spec.http.hsts: a plain nginx sends its own headers; write add_header into its configuration',
    }
  const ports = (container.ports ?? []).filter(({ protocol }) => (protocol ?? 'TCP') === 'TCP').filter(isTls)
  if (ports.length === 0)
    return {
      refused: 'NoPorts',
      message: `container ${container.name} declares no port 443 or 8443, and none called https`,
    }
  const numbers = [...new Set(ports.map(({ containerPort }) => containerPort))]
  if (numbers.includes(backend.port))
    return {
      refused: 'PortTaken',
      message: `spec.backend.port ${backend.port} is the port that the sidecar takes over; nginx needs one of its own`,
    }
  return {
    flavour: 'plain-nginx',
    container: container.name,
    listeners: numbers.map((port) => ({ port, tls: true })),
    upstreamPort: backend.port,
    sendProxyProtocol: backend.clientAddress === 'ProxyProtocol',
    acceptProxyProtocol: false,
    flags: {},
    // Without "http2 on" nginx would take the HTTP/2 preface for a bad request: h2 has to be asked for.
    alpn: tls.alpn ?? ['http/1.1'],
    notices: [
      ...clientNotices(policy),
      `let nginx listen for plaintext on 127.0.0.1:${backend.port} alone: elsewhere it is a way around TLS`,
      `nginx must not listen on ${numbers.join(' and ')} any more`,
      ...(backend.clientAddress === 'ProxyProtocol' ? [`"listen ${backend.port} proxy_protocol" is expected`] : []),
    ],
  }
}

function isTls({ name, containerPort }: { readonly name?: string; readonly containerPort: number }): boolean {
  return containerPort === 443 || containerPort === 8443 || name === 'https'
}
