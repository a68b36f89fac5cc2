import type { HostClientAuth, NginxPlan } from '../api/nginx-plan.ts'
import type { Container } from '../api/pod.ts'
import { readClientAuth } from './client-auth.ts'
import { commandLine } from './command-line.ts'
import type { Flavour, FlavourInput, Reads, Refused } from './flavour.ts'
import { flag } from './hsts.ts'
import { derivedConfig } from './ingress-nginx-config.ts'
import { annotationsPrefix, isOld, isOn, objectName, port, text, validatingWebhookPort } from './ingress-nginx-flags.ts'
import { notices, refusal } from './ingress-nginx-limits.ts'
import { freePort } from './ports.ts'

/**
 * kubernetes/ingress-nginx. It is moved to loopback by its own flags and by a derived copy of its ConfigMap; a PROXY
 * protocol header with destination port 443 makes it treat plaintext as what has come by https.
 */
export const ingressNginx: Flavour = { name: 'ingress-nginx', recognises, reads, clientAuth, plan }

function recognises(container: Container): boolean {
  if (/(^|\/)ingress-nginx\/controller(-chroot)?([:@]|$)/.test(container.image ?? '')) return true
  const items = [...(container.command ?? []), ...(container.args ?? [])]
  return items.some(
    (item) => /(^|[/\s])nginx-ingress-controller(\s|$)/.test(item) || /^--controller-class(=|$)/.test(item),
  )
}

function reads(container: Container, namespace: string): Reads {
  const line = commandLine(container, namespace)
  const configMap = objectName(line.flag('configmap'), namespace)
  const watched = text(line.flag('watch-namespace'))
  return {
    ...(configMap === undefined ? {} : { configMap }),
    ingresses: {
      controllerClass: text(line.flag('controller-class')) ?? 'k8s.io/ingress-nginx',
      annotationClass: text(line.flag('ingress-class')) ?? 'nginx',
      byName: isOn(line, 'ingress-class-by-name'),
      withoutClass: isOn(line, 'watch-ingress-without-class'),
      ...(watched === undefined || watched === '' ? {} : { namespace: watched }),
      annotationsPrefix: annotationsPrefix(line),
    },
  }
}

function clientAuth({ policy, container, config, ingresses, hosts }: FlavourInput): readonly HostClientAuth[] {
  const line = commandLine(container, policy.metadata.namespace)
  return readClientAuth(ingresses, annotationsPrefix(line), config, hosts).hosts
}

function plan(input: FlavourInput): NginxPlan | Refused {
  const { policy, spec, container, config, derivedConfigMap } = input
  const line = commandLine(container, policy.metadata.namespace)
  const refused = refusal(input, line)
  if (refused !== undefined) return refused

  const http = port(line, 'http-port', 80)
  const https = port(line, 'https-port', 443)
  const own = Object.entries(ownPorts).map(([name, usual]) => port(line, name, usual))
  const taken = [...own, validatingWebhookPort(line), http, https]
  const movedHttp = freePort(spec, 15080, taken)
  const movedHttps = freePort(spec, 15443, [...taken, movedHttp])
  const asked = clientAuth(input)
  const defaultCertificate = objectName(line.flag('default-ssl-certificate'), policy.metadata.namespace)
  return {
    flavour: 'ingress-nginx',
    container: container.name,
    // Clients come to 80 and 443, whatever the ports are called inside the pod; nginx knows https by the number 443.
    listeners: [
      { port: http, tls: false, ...(http === 80 ? {} : { advertise: 80 }) },
      { port: https, tls: true, ...(https === 443 ? {} : { advertise: 443 }) },
    ],
    upstreamPort: movedHttp,
    sendProxyProtocol: true,
    acceptProxyProtocol: flag(config['use-proxy-protocol'], false),
    flags: {
      'http-port': String(movedHttp),
      'https-port': String(movedHttps),
      configmap: `${derivedConfigMap.namespace}/${derivedConfigMap.name}`,
    },
    alpn: alpn(input),
    ...(defaultCertificate === undefined ? {} : { defaultCertificate }),
    config: derivedConfig(config, policy.spec.http.hsts, input.hosts, asked),
    notices: notices(input, asked),
  }
}

/** A plaintext listener takes HTTP/2 only under "http2 on", which ingress-nginx writes where its nginx is new enough. */
function alpn({ policy, config, container }: FlavourInput): NginxPlan['alpn'] {
  const isOff = !flag(config['use-http2'], true)
  const wanted = policy.spec.tls.alpn
  if (wanted !== undefined) return isOff ? wanted.filter((protocol) => protocol !== 'h2') : wanted
  return isOff || isOld(container) ? ['http/1.1'] : ['h2', 'http/1.1']
}

/** Flags for ports that nginx or its controller listens on, and what they are where nobody says. */
const ownPorts = {
  'healthz-port': 10254,
  'status-port': 10246,
  'stream-port': 10247,
  'profiler-port': 10245,
  'default-server-port': 8181,
  'ssl-passthrough-proxy-port': 442,
} as const
