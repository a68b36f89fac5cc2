import { Writable } from 'node:stream'
import { mostBacklog } from '../../terminator/backlog.ts'
import type { BundleSource, ListenAddress, TerminatorSettings } from '../../terminator/settings.ts'
import { optimizeLater } from '../../terminator/tier-up.ts'
import type { Command } from '../command.ts'
import { defineCommand } from '../command.ts'
import * as option from '../options.ts'

const description = `Terminates TLS and passes the plaintext to an upstream; passes plain ports through as they are.

  chitin terminator --certificate chain.pem --key key.pem --listen 8443 --upstream 127.0.0.1:8080`

const table = {
  bundle: option.optionalText('DIR', 'directory with the bundle that the operator compiles; watched for changes'),
  generationFile: option.optionalText('FILE', 'names the generation of the bundle to serve, else the committed one'),
  certificate: option.optionalText('FILE', 'certificate chain in PEM, leaf first, instead of a bundle'),
  key: option.optionalText('FILE', 'its private key in PEM'),
  alpn: option.texts('PROTOCOL', 'ALPN protocol, best first, with --certificate; a bundle says its own'),
  listen: option.endpoints('TLS port'),
  listenPlain: option.endpoints('port that is passed through unencrypted'),
  upstream: option.optionalEndpoint('where the plaintext goes'),
  proxyProtocol: option.flag('send a PROXY protocol v2 header to the upstream'),
  acceptProxyProtocol: option.flag('expect a PROXY protocol header, v1 or v2, from a load balancer in front'),
  advertise: option.portMap('LISTEN=PORT', 'destination port that the PROXY header says, where it is another one'),
  admin: option.optionalEndpoint('serve /livez, /readyz and /metrics here'),
  workers: option.count(2, 'worker threads; 1: none, but the main one', { least: 1, most: 256 }),
  crypto: option.choice(['wasm', 'noble', 'native'], 'wasm', 'whose cryptographic primitives are used'),
  minTlsVersion: option.choice(['1.2', '1.3'], '1.2', 'the oldest TLS that is spoken; the newest always goes first'),
  handshakeTimeout: option.duration(10_000, 'how long a client may take to shake hands'),
  idleTimeout: option.duration(600_000, 'how long a connection may be silent'),
  drain: option.duration(30_000, 'how long connections may take after SIGTERM; idle ones end sooner'),
  maxConnections: option.count(10_000, 'connections at a time; above it the longest idle one is closed', {
    least: 1,
  }),
  maxHandshakes: option.count(2000, 'handshakes in flight at a time; above it the oldest is closed', { least: 1 }),
  logLevel: option.choice(['error', 'warn', 'info', 'debug'], 'info', 'what is logged'),
} satisfies option.OptionTable

export const command: Command = defineCommand({
  name: 'terminator',
  summary: 'terminate TLS and pass the bytes to nginx: the sidecar',
  description,
  options: table,
  async run(options, { out, stop }) {
    const settings = terminatorSettings(options, process.constrainedMemory())
    optimizeLater()
    // Behind the checks, so that a wrong option is answered without loading an engine.
    const { createLog } = await import('../../telemetry/log.ts')
    const { runTerminator } = await import('../../terminator/run.ts')
    const { logLevel } = options
    return runTerminator(settings, { log: createLog(logLevel, writable(out)), logLevel, stop })
  },
})

/** Checks what no single option can: which ones belong together. Throws UsageError. */
export function terminatorSettings(options: option.Options<typeof table>, memoryLimit?: number): TerminatorSettings {
  const { bundle, generationFile, certificate, key, listen, listenPlain, upstream, advertise } = options
  if (upstream === undefined) throw new option.UsageError('--upstream is required: where does the plaintext go?')
  if (listen.length + listenPlain.length === 0) throw new option.UsageError('--listen or --listen-plain is required')
  const address =
    (kind: ListenAddress['kind']) =>
    ({ host, port }: option.Endpoint): ListenAddress => ({ kind, host, port, advertise: advertise.get(port) ?? port })
  const addresses = [...listen.map(address('tls')), ...listenPlain.map(address('plain'))]
  for (const port of advertise.keys()) {
    if (!addresses.some((address) => address.port === port))
      throw new option.UsageError(`--advertise names port ${port}, which is not listened on`)
  }
  return {
    source: source(),
    listen: addresses,
    upstream: { host: upstream.host ?? '127.0.0.1', port: upstream.port },
    proxyProtocol: options.proxyProtocol,
    acceptProxyProtocol: options.acceptProxyProtocol,
    admin: options.admin,
    workers: options.workers,
    crypto: options.crypto,
    minTlsVersion: `TLSv${options.minTlsVersion}`,
    handshakeTimeoutMs: options.handshakeTimeout,
    idleTimeoutMs: options.idleTimeout,
    drainMs: options.drain,
    maxConnections: options.maxConnections,
    maxHandshakes: options.maxHandshakes,
    maxBacklogBytes: mostBacklog(memoryLimit),
  }

  function source(): BundleSource | undefined {
    if (bundle !== undefined && (certificate !== undefined || key !== undefined))
      throw new option.UsageError('--bundle and --certificate with --key exclude each other')
    if ((certificate === undefined) !== (key === undefined))
      throw new option.UsageError('--certificate and --key belong together: one of them is missing')
    if (generationFile !== undefined && bundle === undefined)
      throw new option.UsageError('--generation-file says which generation of a --bundle to serve, and there is none')
    if (bundle !== undefined) return { kind: 'bundle', directory: bundle, generationFile }
    if (certificate !== undefined && key !== undefined) return { kind: 'files', certificate, key, alpn: options.alpn }
    if (listen.length === 0) return undefined
    throw new option.UsageError('--listen needs --bundle, or --certificate and --key')
  }
}

function writable(out: (text: string) => void): Writable {
  return new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      out(String(chunk))
      done()
    },
  })
}
