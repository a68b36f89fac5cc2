import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Ingress } from '../../src/api/ingress.ts'
import type { NginxPlan } from '../../src/api/nginx-plan.ts'
import type { Container, Pod } from '../../src/api/pod.ts'
import { isRefused, type FlavourInput, type Refused } from '../../src/nginx/flavour.ts'
import { derivedConfig } from '../../src/nginx/ingress-nginx-config.ts'
import { ingressNginx } from '../../src/nginx/ingress-nginx.ts'
import { recognise } from '../../src/nginx/recognise.ts'
import { ingressNginxPod } from '../support/pods.ts'
import { tlsPolicy } from '../support/policies.ts'

test('moves nginx to free high ports and to its derived ConfigMap, and takes 80 and 443', () => {
  const made = planned({})
  assert.deepEqual(made.flags, {
    'http-port': '15080',
    'https-port': '15443',
    configmap: 'ingress-nginx/chitin-edge-nginx',
  })
  assert.deepEqual(made.listeners, [
    { port: 80, tls: false },
    { port: 443, tls: true },
  ])
  assert.equal(made.upstreamPort, 15080)
  assert.equal(made.sendProxyProtocol, true)
  assert.deepEqual(made.alpn, ['h2', 'http/1.1'])
})

test('where its ports are others, the sidecar takes those, and tells nginx of 80 and 443', () => {
  const args = ['/nginx-ingress-controller', '--http-port=8080', '--https-port', '8443']
  assert.deepEqual(planned({ container: { args } }).listeners, [
    { port: 8080, tls: false, advertise: 80 },
    { port: 8443, tls: true, advertise: 443 },
  ])
})

test('chooses ports that no container and no flag uses', () => {
  const spec = { initContainers: [{ name: 'x', ports: [{ containerPort: 15080 }, { containerPort: 15443 }] }] }
  const args = ['/nginx-ingress-controller', '--status-port=15081', '--validating-webhook=:15444']
  const { flags } = planned({ spec, container: { args } })
  assert.deepEqual([flags['http-port'], flags['https-port']], ['15082', '15445'])
})

test('reads its ConfigMap and its Ingresses from flags in command or args, with $(POD_NAMESPACE)', () => {
  const [container] = ingressNginxPod().spec.containers
  assert.ok(container)
  assert.deepEqual(ingressNginx.reads(container, 'edge').configMap, {
    namespace: 'edge',
    name: 'ingress-nginx-controller',
  })
  const command = ['/start.sh', '--configmap', '$(POD_NAMESPACE)/ing', '--watch-namespace=a', '--ingress-class=mine']
  const more = ['--ingress-class-by-name', '--annotations-prefix=ours.example.com']
  const reads = ingressNginx.reads({ ...container, command: [...command, ...more], args: [] }, 'edge')
  assert.deepEqual(reads, {
    configMap: { namespace: 'edge', name: 'ing' },
    ingresses: {
      controllerClass: 'k8s.io/ingress-nginx',
      annotationClass: 'mine',
      byName: true,
      withoutClass: false,
      namespace: 'a',
      annotationsPrefix: 'ours.example.com',
    },
  })
})

test('without --configmap there is none to read, and the derived one is used all the same', () => {
  const container = { args: ['/nginx-ingress-controller'] }
  const [nginx] = ingressNginxPod({ container }).spec.containers
  assert.ok(nginx)
  assert.equal(ingressNginx.reads(nginx, 'a').configMap, undefined)
  assert.equal(planned({ container }).flags['configmap'], 'ingress-nginx/chitin-edge-nginx')
})

test('a load balancer that sends the PROXY protocol goes on doing so', () => {
  assert.equal(planned({}).acceptProxyProtocol, false)
  assert.equal(planned({ config: { 'use-proxy-protocol': 'true' } }).acceptProxyProtocol, true)
})

test('its default certificate becomes ours', () => {
  const container = { args: ['/nginx-ingress-controller', '--default-ssl-certificate=certs/wild'] }
  assert.deepEqual(planned({ container }).defaultCertificate, { namespace: 'certs', name: 'wild' })
})

test('speaks HTTP/2 only where nginx does, and what the policy says before all', () => {
  assert.deepEqual(planned({ config: { 'use-http2': 'false' } }).alpn, ['http/1.1'])
  const both = tlsPolicy({ tls: { alpn: ['h2', 'http/1.1'] } })
  assert.deepEqual(planned({ config: { 'use-http2': 'false' }, policy: both }).alpn, ['http/1.1'])
  assert.deepEqual(planned({ policy: tlsPolicy({ tls: { alpn: [] } }) }).alpn, [])
  assert.deepEqual(planned(image(':v1.9.6')).alpn, ['http/1.1'])
  assert.match(planned(image(':v1.9.6')).notices.join(), /no HTTP\/2/)
  assert.deepEqual(planned({ ...image(':v1.9.6'), policy: both }).alpn, ['h2', 'http/1.1'])
  assert.deepEqual(planned(image(':v1.11.0')).alpn, ['h2', 'http/1.1'])
  assert.deepEqual(planned(image('@sha256:ab')).alpn, ['h2', 'http/1.1'])
})

test('keeps every key of the user’s ConfigMap, and adds what moves nginx', () => {
  assert.deepEqual(derivedConfig({ 'proxy-body-size': '8m' }, {}, []), {
    'proxy-body-size': '8m',
    'bind-address': '127.0.0.1,::1',
    'use-proxy-protocol': 'true',
  })
})

test('sends HSTS for hosts with a certificate, behind a snippet of the user’s own', () => {
  const theirs = 'server { listen 127.0.0.1:10247; return 200; }'
  const hosts = ['b.example.com', '*.a.example.com', 'b.example.com']
  const config = derivedConfig({ 'http-snippet': theirs, 'hsts-max-age': '600' }, {}, hosts)
  assert.equal(
    config['http-snippet'],
    [
      theirs,
      'map $host $chitin_hsts_host {',
      '    default 0;',
      String.raw`    "~^[^.]+\.a\.example\.com$" 1;`,
      '    b.example.com 1;',
      '}',
      'map "$proxy_protocol_server_port:$chitin_hsts_host" $chitin_hsts {',
      '    default "";',
      '    "443:1" "max-age=600; includeSubDomains";',
      '}',
      'more_set_headers "Strict-Transport-Security: $chitin_hsts";',
    ].join('\n'),
  )
})

test('a host that is called as a parameter of nginx’s map is a host there', () => {
  const words = ['default', 'hostnames', 'include', 'volatile']
  const asked = words.map((host) => ({ host, mode: 'Require', maxIntermediates: 1 }) as const)
  const lines = (derivedConfig({}, {}, words, asked)['http-snippet'] ?? '').split('\n')
  for (const word of words) assert.equal(lines.filter((line) => line === `    \\${word} 1;`).length, 2)
  assert.deepEqual(
    lines.filter((line) => /^ *(default|include)/.test(line)),
    ['    default 0;', '    default "";', '    default 0;', '    default 0;'],
  )
})

test('the values of HSTS are nginx’s own unless the policy says otherwise', () => {
  assert.equal(header({}), 'max-age=31536000; includeSubDomains')
  assert.equal(header({ 'hsts-include-subdomains': 'false' }), 'max-age=31536000')
  assert.equal(header({ 'hsts-preload': 'true' }), 'max-age=31536000; includeSubDomains; preload')
  assert.equal(header({ hsts: 'false' }), undefined)
  assert.equal(header({ hsts: 'false' }, { enabled: true }), 'max-age=31536000; includeSubDomains')
  assert.equal(header({}, { enabled: false }), undefined)
  assert.equal(header({}, { maxAgeMs: 60_000, includeSubDomains: false }), 'max-age=60')
  assert.equal(header({ 'hsts-max-age': '1"; evil' }), 'max-age=31536000; includeSubDomains')
})

test('nothing but a DNS name gets into nginx’s configuration', () => {
  const evil = ['a;}', 'a b', '"', '*', '*.', 'a.example.com\n}', '']
  assert.equal(derivedConfig({}, {}, evil)['http-snippet'], undefined)
})

test('a long name gets a bucket that it fits in', () => {
  const name = `${'a'.repeat(60)}.example.com`
  assert.equal(derivedConfig({}, {}, [name])['map-hash-bucket-size'], '128')
  assert.equal(derivedConfig({ 'map-hash-bucket-size': '256' }, {}, [name])['map-hash-bucket-size'], '256')
})

test('where only some addresses may name the client, the sidecar is one of them', () => {
  const config = derivedConfig({ 'proxy-real-ip-cidr': '10.0.0.0/8' }, {}, [])
  assert.equal(config['proxy-real-ip-cidr'], '10.0.0.0/8,127.0.0.1/32,::1/128')
})

test('refuses what only TLS inside nginx can do, and names it', () => {
  const cases: readonly (readonly [Partial<Change>, string, RegExp])[] = [
    [flags('--enable-ssl-passthrough'), 'UnsupportedFeature', /--enable-ssl-passthrough/],
    [flags('--enable-ssl-passthrough=true', '--x'), 'UnsupportedFeature', /--enable-ssl-passthrough/],
    [flags('--tcp-services-configmap=a/b'), 'UnsupportedFeature', /--tcp-services-configmap=a\/b/],
    [flags('--configmap=$(UNKNOWN)/b'), 'UnsupportedFeature', /\$\(UNKNOWN\)/],
    [annotated('auth-tls-secret', 'a/b'), 'UnsupportedFeature', /auth-tls-secret names another namespace/],
    [annotated('ssl-passthrough', 'true'), 'UnsupportedFeature', /Ingress shop\/web: .*ssl-passthrough/],
    [{ config: { 'use-forwarded-headers': 'true' } }, 'UnsupportedFeature', /use-forwarded-headers/],
    [{ policy: tlsPolicy({ backend: { port: 8080 } }) }, 'UnsupportedFeature', /spec\.backend/],
    [{ container: { command: ['sh', '-c', '/nginx-ingress-controller'], args: [] } }, 'ShellCommand', /shell/],
    [{ container: { args: [] } }, 'UnsupportedFeature', /neither command nor args/],
  ]
  for (const [change, reason, message] of cases) {
    const outcome = plan(change)
    assert.ok(isRefused(outcome), String(message))
    assert.equal(outcome.refused, reason)
    assert.match(outcome.message, message)
  }
  for (const change of [flags('--enable-ssl-passthrough=false'), annotated('ssl-passthrough', 'false')])
    assert.ok(!isRefused(plan(change)))
})

test('asks for client certificates as annotations say, guards those hosts, and says what is different', () => {
  const theirs = { 'server-snippet': 'add_header X-Served-By us;', 'http-snippet': 'map $a $b { default 1; }' }
  const made = planned({ ingresses: [asking()], config: theirs })
  assert.match(
    made.config?.['http-snippet'] ?? '',
    /^map \$a[^]*map \$host \$chitin_client_auth \{\n {4}default 0;\n {4}shop\.test 1;/,
  )
  assert.equal(made.config?.['server-snippet'], 'add_header X-Served-By us;\nif ($chitin_misdirected) { return 421; }')
  assert.match(made.notices.join('\n'), /client certificates for shop\.test are checked in the handshake/)
  assert.equal(planned({}).config?.['server-snippet'], undefined)
})

test('what a host asks of its clients is known, even where there can be no plan', () => {
  const refusing = { ingresses: [asking()], ...flags('--enable-ssl-passthrough') }
  assert.ok(isRefused(plan(refusing)))
  assert.deepEqual(
    ingressNginx.clientAuth(input(refusing)).map(({ host, mode }) => [host, mode]),
    [['shop.test', 'Require']],
  )
})

test('guards hosts also while an Ingress asks for what is refused, but not an nginx that could not take it', () => {
  const odd = ingress({ 'nginx.ingress.kubernetes.io/ssl-passthrough': 'true' })
  const config = (change: Partial<Change>) => {
    const outcome = plan({ ingresses: [asking(), odd], ...change })
    assert.ok(isRefused(outcome))
    return outcome.config
  }
  assert.deepEqual(config({}), planned({ ingresses: [asking()] }).config)
  assert.equal(config(flags('--enable-ssl-passthrough')), undefined)
  assert.equal(config(image(':v1.10.6')), undefined)
})

test('refuses client certificates that an old nginx could not guard, and two that contradict each other', () => {
  const both = tlsPolicy({ tls: { clientAuth: { mode: 'Require', caRef: { name: 'ca' } } } })
  for (const [change, message] of [
    [image(':v1.10.6'), /v1\.11 or newer/],
    [{ policy: both }, /spec\.tls\.clientAuth beside .*auth-tls-secret for shop\.test/],
  ] as const) {
    const outcome = plan({ ...change, ingresses: [asking()] })
    assert.ok(isRefused(outcome))
    assert.match(outcome.message, message)
    assert.ok(!isRefused(plan(change)))
  }
})

test('says in the Audit which settings no longer apply', () => {
  const config = { 'ssl-protocols': 'TLSv1.2', 'ssl-session-tickets': 'true', 'ssl-redirect': 'true' }
  const notices = planned({ config }).notices.join('\n')
  assert.match(notices, /ssl-protocols, ssl-session-tickets in/)
  assert.doesNotMatch(notices, /ssl-redirect/)
})

test('is recognised by image or by command, in the test’s own image too', () => {
  const cases: readonly (readonly [Partial<Container>, string | undefined])[] = [
    [{ image: 'registry.k8s.io/ingress-nginx/controller:v1.12.1@sha256:ab' }, 'ingress-nginx'],
    [{ image: 'mirror/x', args: ['/nginx-ingress-controller'] }, 'ingress-nginx'],
    [{ image: 'localhost/y', command: ['/start.sh', '--controller-class=k8s.io/ingress-nginx'] }, 'ingress-nginx'],
    [{ image: 'nginx:1.29' }, 'plain-nginx'],
    [{ image: 'docker.io/nginxinc/nginx-unprivileged' }, 'plain-nginx'],
    [{ image: 'nginx/nginx-prometheus-exporter:1' }, undefined],
    [{ image: 'envoy' }, undefined],
  ]
  for (const [container, expected] of cases) {
    const found = recognise({ containers: [{ name: 'a', ...container }] }, undefined)
    assert.equal(isRefused(found) ? undefined : found.flavour.name, expected, container.image)
  }
})

test('says why nginx was not found', () => {
  const nginx = { image: 'nginx' }
  const spec = {
    containers: [
      { name: 'a', ...nginx },
      { name: 'b', ...nginx },
    ],
  }
  assert.equal(reason(recognise(spec, undefined)), 'AmbiguousContainer')
  assert.equal(reason(recognise(spec, 'b')), undefined)
  assert.equal(reason(recognise(spec, 'c')), 'NoNginxContainer')
  assert.equal(reason(recognise({ containers: [{ name: 'a', image: 'x' }] }, undefined)), 'NoNginxContainer')
})

interface Change {
  readonly config: Record<string, string>
  readonly ingresses: readonly Ingress[]
  readonly policy: FlavourInput['policy']
  readonly spec: Partial<Pod['spec']>
  readonly container: Partial<Container>
}

function plan(change: Partial<Change>): NginxPlan | Refused {
  return ingressNginx.plan(input(change))
}

function input(change: Partial<Change>): FlavourInput {
  const { spec } = ingressNginxPod({ spec: change.spec ?? {}, container: change.container ?? {} })
  const [container] = spec.containers
  assert.ok(container)
  return {
    policy: change.policy ?? tlsPolicy(),
    spec,
    container,
    config: change.config ?? {},
    ingresses: change.ingresses ?? [],
    hosts: [],
    derivedConfigMap: { namespace: 'ingress-nginx', name: 'chitin-edge-nginx' },
  }
}

function planned(change: Partial<Change>): NginxPlan {
  const outcome = plan(change)
  assert.ok(!isRefused(outcome), JSON.stringify(outcome))
  return outcome
}

function ingress(annotations: Record<string, string>): Ingress {
  return { metadata: { namespace: 'shop', name: 'web', annotations }, spec: {} }
}

/** One that asks the clients of its host for certificates. */
function asking(): Ingress {
  const { metadata } = ingress({ 'nginx.ingress.kubernetes.io/auth-tls-secret': 'shop/ca' })
  return { metadata, spec: { rules: [{ host: 'shop.test' }] } }
}

function flags(...args: string[]): Partial<Change> {
  return { container: { args: ['/nginx-ingress-controller', ...args] } }
}

function annotated(key: string, value: string): Partial<Change> {
  return { ingresses: [ingress({ [`nginx.ingress.kubernetes.io/${key}`]: value })] }
}

function reason(outcome: object): string | undefined {
  return isRefused(outcome) ? outcome.refused : undefined
}

/** The value of HSTS that a ConfigMap and a policy lead to. */
function header(config: Record<string, string>, hsts = {}): string | undefined {
  const snippet = derivedConfig(config, hsts, ['a.example.com'])['http-snippet'] ?? ''
  return /"(max-age[^"]*)"/.exec(snippet)?.[1]
}

function image(tag: string): Partial<Change> {
  return { container: { image: `registry.k8s.io/ingress-nginx/controller${tag}` } }
}
