import type { Command } from '../command.ts'
import { defineCommand } from '../command.ts'
import * as option from '../options.ts'

const description = `Terminates TLS 1.3 and passes the plaintext to an upstream; passes plain ports through as they are.

  chitin terminator --certificate chain.pem --key key.pem --listen 8443 --upstream 127.0.0.1:8080`

export const command: Command = defineCommand({
  name: 'terminator',
  summary: 'terminate TLS and pass the bytes to nginx: the sidecar',
  description,
  options: {
    bundle: option.optionalText('DIR', 'directory with the bundle that the operator compiles; watched for changes'),
    certificate: option.optionalText('FILE', 'certificate chain in PEM, leaf first, instead of a bundle'),
    key: option.optionalText('FILE', 'its private key in PEM'),
    listen: option.endpoints('TLS port'),
    listenPlain: option.endpoints('port that is passed through unencrypted'),
    upstream: option.optionalEndpoint('where the plaintext goes'),
    proxyProtocol: option.flag('send a PROXY protocol v2 header to the upstream'),
    acceptProxyProtocol: option.flag('expect a PROXY protocol header, v1 or v2, from a load balancer in front'),
    advertise: option.portMap('LISTEN=PORT', 'destination port that the PROXY header says, where it is another one'),
    admin: option.optionalEndpoint('serve /livez, /readyz and /metrics here'),
    workers: option.count(2, 'worker threads', { least: 1, most: 256 }),
    crypto: option.choice(['noble', 'native'], 'noble', 'whose cryptographic primitives are used'),
    handshakeTimeout: option.duration(10_000, 'how long a client may take to shake hands'),
    idleTimeout: option.duration(600_000, 'how long a connection may be silent'),
    drain: option.duration(30_000, 'how long connections may take to finish after SIGTERM'),
    maxConnections: option.count(10_000, 'connections at a time; above it the longest idle one is closed', {
      least: 1,
    }),
    logLevel: option.choice(['error', 'warn', 'info', 'debug'], 'info', 'what is logged'),
  },
  run() {
    throw new option.UsageError('is not served yet')
  },
})
