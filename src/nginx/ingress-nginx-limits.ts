import type { Ingress } from '../api/ingress.ts'
import type { HostClientAuth } from '../api/nginx-plan.ts'
import { qualifiedName } from '../api/object-meta.ts'
import type { Container } from '../api/pod.ts'
import { readClientAuth } from './client-auth.ts'
import { isShellScript, type CommandLine } from './command-line.ts'
import { clientNotices, type FlavourInput, type Refused } from './flavour.ts'
import { flag } from './hsts.ts'
import { derivedConfig } from './ingress-nginx-config.ts'
import { annotationsPrefix, isOld, isOn, text } from './ingress-nginx-flags.ts'

/** Why ingress-nginx cannot be moved behind the sidecar as it is; undefined where it can. */
export function refusal(input: FlavourInput, line: CommandLine): Refused | undefined {
  return unreadable(input.container, line) ?? unsupported(input, line)
}

/** A command line that we could not change, or cannot read. */
function unreadable(container: Container, line: CommandLine): Refused | undefined {
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
  return undefined
}

function unsupported(input: FlavourInput, line: CommandLine): Refused | undefined {
  const { container, config, policy, ingresses, hosts } = input
  const unsound = unsupportedSettings(input, line)
  const prefix = annotationsPrefix(line)
  const asked = readClientAuth(ingresses, prefix, config, hosts)
  const [first] = asked.hosts
  const found = [
    ...unsound,
    ...ingresses.flatMap((ingress) => unsupportedAnnotations(ingress, prefix)),
    ...asked.refused,
    ...(first === undefined ? [] : unsupportedClientAuth(first, input, prefix)),
  ]
  if (found.length === 0) return undefined
  const shown = found.slice(0, maxNamed)
  const more = found.length > shown.length ? `; and ${found.length - shown.length} more` : ''
  const refused = { refused: 'UnsupportedFeature', message: shown.join('; ') + more } as const
  // An old nginx does not know the variables of the guard, and would take no configuration with it.
  if (unsound.length > 0 || (first !== undefined && isOld(container))) return refused
  return { ...refused, config: derivedConfig(config, policy.spec.http.hsts, hosts, asked.hosts) }
}

/** What the controller is told that cannot be done beside the sidecar. */
function unsupportedSettings({ config, policy }: FlavourInput, line: CommandLine): string[] {
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
  return found
}

function unsupportedAnnotations(ingress: Ingress, prefix: string): string[] {
  const name = qualifiedName(ingress.metadata)
  return Object.entries(ingress.metadata.annotations ?? {}).flatMap(([key, value]) => {
    if (key === `${prefix}/ssl-passthrough` && flag(value, false)) return `Ingress ${name}: ${key}`
    return []
  })
}

function unsupportedClientAuth(
  { host }: HostClientAuth,
  { container, policy }: FlavourInput,
  prefix: string,
): string[] {
  const found: string[] = []
  if (isOld(container)) found.push(`client certificates for ${host}: they take a controller of v1.11 or newer`)
  if (policy.spec.tls.clientAuth.mode !== 'None')
    found.push(`spec.tls.clientAuth beside ${prefix}/auth-tls-secret for ${host}: one of the two has to go`)
  return found
}

/** What is different behind the sidecar, for whoever reads the report. */
export function notices(
  { config, ingresses, container, policy }: FlavourInput,
  asked: readonly HostClientAuth[],
): string[] {
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

const noLongerApplies =
  /^(ssl-(protocols|ciphers|ecdh-curve|dh-param|early-data|session-.*|buffer-size|reject-handshake)|enable-ocsp)$/

/** A message names no more than this many; nobody reads a hundred. */
const maxNamed = 10
