/** All sidecars in one: a TLS server that shows for each name the certificate that was issued last. */
import type { AddressInfo } from 'node:net'
import { createSecureContext, createServer, type SecureContext } from 'node:tls'
import type { Authority } from './population.ts'

export async function playSidecars(authority: Authority): Promise<{ readonly port: number; close(): void }> {
  const contexts = new Map<string, SecureContext>()
  const server = createServer({
    SNICallback(host, done) {
      const issued = authority.of(host)
      if (issued === undefined) return done(new Error(`nothing is served for ${host}`))
      const context = contexts.get(issued.cert) ?? createSecureContext(issued)
      contexts.set(issued.cert, context)
      done(null, context)
    },
  })
  server.on('tlsClientError', () => undefined)
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
  return { port: (server.address() as AddressInfo).port, close: () => server.close() }
}
