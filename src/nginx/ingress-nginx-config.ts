import type { HostClientAuth } from '../api/nginx-plan.ts'
import type { HstsSpec } from '../api/tls-policy.ts'
import { clientAuthGuard } from './client-auth.ts'
import { bucketSize, hstsSnippet } from './hsts.ts'

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
