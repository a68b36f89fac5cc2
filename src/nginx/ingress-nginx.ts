import type { Ingress } from '../api/ingress.ts'
import type { HostClientAuth, NginxPlan, ObjectName } from '../api/nginx-plan.ts'
import { qualifiedName } from '../api/object-meta.ts'
import type { Container } from '../api/pod.ts'
import type { HstsSpec } from '../api/tls-policy.ts'
import { clientAuthGuard, readClientAuth } from './client-auth.ts'
import { commandLine, isShellScript, type CommandLine } from './command-line.ts'
import { clientNotices, type Flavour, type FlavourInput, type Reads, type Refused } from './flavour.ts'
import { bucketSize, flag, hstsSnippet } from './hsts.ts'
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

/**
 * Whether the image's tag tells of a controller before v1.11. Up to v1.9 its nginx is older than 1.25.1, which brought
 * "http2 on"; v1.10 has not been tried. An image without such a tag is taken for a newer one.
 */
function isOld({ image = '' }: Container): boolean {
  const [, major, minor] = /\/controller(?:-chroot)?:v(\d+)\.(\d+)\./.exec(image) ?? []
  return major !== undefined && (Number(major) < 1 || (major === '1' && Number(minor) < 11))
}

/** The user's ConfigMap with what moves nginx behind the sidecar. Theirs is never written: Git would fight us. */
export function derivedConfig(
  config: Readonly<Record<string, string>>,
  hsts: HstsSpec,
  hosts: readonly string[],
  asked: readonly HostClientAuth[] = [],
): Record<string, string> {
  const guard = clientAuthGuard(asked)
  const ours = [hstsSnippet(hsts, config, hosts), guard?.http].filter((snippet) => snippet !== undefined)
  const named = [...hosts, ...asked.map(({ host }) => host)]
  const bucket = ours.length === 0 ? undefined : bucketSize(config, named)
  const trusted = config['proxy-real-ip-cidr']
  return {
    ...config,
    // Both, or the one that is left out stays open to the world as a way around TLS.
    'bind-address': '127.0.0.1,::1',
    'use-proxy-protocol': 'true',
    ...appended(config, 'http-snippet', ours),
    ...appended(config, 'server-snippet', guard === undefined ? [] : [guard.server]),
    ...(bucket === undefined ? {} : { 'map-hash-bucket-size': bucket }),
    // Where only some addresses may say who the client is, the sidecar is one of them.
    ...(trusted === undefined || trusted.trim() === ''
      ? {}
      : { 'proxy-real-ip-cidr': `${trusted},127.0.0.1/32,::1/128` }),
  }
}

/** A key that the user may have set is continued, not replaced. */
function appended(
  config: Readonly<Record<string, string>>,
  key: string,
  ours: readonly string[],
): Record<string, string> {
  const theirs = config[key] ?? ''
  return ours.length === 0 ? {} : { [key]: [...(theirs === '' ? [] : [theirs]), ...ours].join('\n') }
}

function refusal(
  { container, config, ingresses, policy, hosts }: FlavourInput,
  line: CommandLine,
): Refused | undefined {
  if (isShellScript(container))
    return { refused: 'ShellCommand', message: `container ${container.name} is started by a shell script` }
  if (line.items.length === 0)
    return {
      refused: 'UnsupportedFeature',
      message: `container ${container.name} has neither command nor args: flags cannot be added to those of its image`,
    }
  const unknown = ['configmap', 'http-port', 'https-port', 'default-ssl-certificate'].find((name) =>
    String(line.flag(name) ?? '').includes('$('),
  )
  if (unknown !== undefined)
    return {
      refused: 'UnsupportedFeature',
      message: `--${unknown}=${String(line.flag(unknown))}: the value of the variable is not known before the pod runs`,
    }

  const found: string[] = []
  if (isOn(line, 'enable-ssl-passthrough')) found.push('--enable-ssl-passthrough: TLS would have to reach the backend')
  for (const name of ['tcp-services-configmap', 'udp-services-configmap']) {
    const value = text(line.flag(name))
    if (value !== undefined && value !== '')
      found.push(`--${name}=${value}: its ports would be bound to loopback together with the others`)
  }
  if (flag(config['use-forwarded-headers'], false))
    found.push(
      'use-forwarded-headers in its ConfigMap: nginx takes the client address from one place only, and that is now the PROXY protocol',
    )
  if (policy.spec.backend !== undefined)
    found.push('spec.backend: it is for a plain nginx; ingress-nginx is moved by its own flags')
  const isSound = found.length === 0
  const prefix = annotationsPrefix(line)
  for (const ingress of ingresses) found.push(...unsupportedAnnotations(ingress, prefix))
  const asked = readClientAuth(ingresses, prefix, config, hosts)
  found.push(...asked.refused)
  const [first] = asked.hosts
  if (first !== undefined && isOld(container))
    found.push(`client certificates for ${first.host}: they take a controller of v1.11 or newer`)
  if (first !== undefined && policy.spec.tls.clientAuth.mode !== 'None')
    found.push(`spec.tls.clientAuth beside ${prefix}/auth-tls-secret for ${first.host}: one of the two has to go`)
  if (found.length === 0) return undefined
  const shown = found.slice(0, maxNamed)
  const more = found.length > shown.length ? `; and ${found.length - shown.length} more` : ''
  const refused = { refused: 'UnsupportedFeature', message: shown.join('; ') + more } as const
  // An old nginx does not know the variables of the guard, and would take no configuration with it.
  if (!isSound || (first !== undefined && isOld(container))) return refused
  return { ...refused, config: derivedConfig(config, policy.spec.http.hsts, hosts, asked.hosts) }
}

function unsupportedAnnotations(ingress: Ingress, prefix: string): string[] {
  const name = qualifiedName(ingress.metadata)
  return Object.entries(ingress.metadata.annotations ?? {}).flatMap(([key, value]) => {
    if (key === `${prefix}/ssl-passthrough` && flag(value, false)) return `Ingress ${name}: ${key}`
    return []
  })
}

function notices({ config, ingresses, container, policy }: FlavourInput, asked: readonly HostClientAuth[]): string[] {
  const out = clientNotices(policy)
  if (isOld(container) && policy.spec.tls.alpn === undefined)
    out.push('no HTTP/2, for this controller is older than v1.11; spec.tls.alpn can ask for it')
  if (asked.length > 0) {
    const names = asked.slice(0, maxNamed).map(({ host }) => host)
    out.push(
      `client certificates for ${names.join(', ')} are checked in the handshake: a bad one gets an alert instead of ` +
        'status 400, and no header ssl-client-… reaches the backends',
    )
  }
  const idle = Object.keys(config)
    .filter((key) => noLongerApplies.test(key))
    .toSorted()
  if (idle.length > 0) out.push(`no longer apply, for the policy decides: ${idle.join(', ')} in nginx's ConfigMap`)
  const bound = config['bind-address']
  if (bound !== undefined && bound !== '')
    out.push(`bind-address ${bound} is replaced: the sidecar listens on all addresses of the pod`)
  const named = ingresses
    .filter(({ metadata }) =>
      Object.keys(metadata.annotations ?? {}).some((key) => /\/ssl-(ciphers|prefer-server-ciphers)$/.test(key)),
    )
    .map(({ metadata }) => qualifiedName(metadata))
  if (named.length > 0) out.push(`ssl-ciphers annotations no longer apply: ${named.slice(0, maxNamed).join(', ')}`)
  return out
}

function annotationsPrefix(line: CommandLine): string {
  return text(line.flag('annotations-prefix')) ?? 'nginx.ingress.kubernetes.io'
}

function port(line: CommandLine, name: string, usual: number): number {
  const value = Number(text(line.flag(name)) ?? usual)
  return Number.isInteger(value) && value > 0 && value < 65536 ? value : usual
}

function validatingWebhookPort(line: CommandLine): number {
  return Number(/:(\d+)$/.exec(text(line.flag('validating-webhook')) ?? '')?.[1] ?? 8443)
}

function isOn(line: CommandLine, name: string): boolean {
  const value = line.flag(name)
  // pflag: a boolean takes its value only after an equals sign, so a word behind it is not one.
  if (line.items.includes(`--${name}`)) return true
  return value === true || flag(value, false)
}

function text(value: string | true | undefined): string | undefined {
  return value === true ? undefined : value
}

/** `namespace/name`, or a name alone in the pod's own namespace. */
function objectName(value: string | true | undefined, namespace: string): ObjectName | undefined {
  if (typeof value !== 'string' || value === '') return undefined
  const parts = value.split('/')
  const [first = '', second] = parts
  return second === undefined ? { namespace, name: first } : { namespace: first, name: second }
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

const noLongerApplies =
  /^(ssl-(protocols|ciphers|ecdh-curve|dh-param|early-data|session-.*|buffer-size|reject-handshake)|enable-ocsp)$/

/** A message names no more than this many; nobody reads a hundred. */
const maxNamed = 10
