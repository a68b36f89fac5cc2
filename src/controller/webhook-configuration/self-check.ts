/** Whether our own webhook answers, with a certificate that the configuration's caBundle vouches for. */
import { get } from 'node:http'
import { connect as connectTcp, type Socket } from 'node:net'
import type { CryptoProvider } from '../../crypto/provider.ts'
import { connect } from '../../stream/tls.ts'

export interface SelfCheckOptions {
  readonly host: string
  readonly port: number
  /** The name in the certificate, as the API server will ask for it. */
  readonly serverName: string
  readonly ca: string
  readonly crypto: CryptoProvider
  readonly timeoutMs?: number
}

/** Undefined when it does, else why not. Any HTTP answer will do: that it came through this TLS is what is asked. */
export async function selfCheck(options: SelfCheckOptions): Promise<string | undefined> {
  const { timeoutMs = 2000, serverName } = options
  return new Promise((resolve) => {
    const trouble = (error: unknown): void => {
      const why = error instanceof Error ? error.message : String(error)
      resolve(`the webhook does not answer as its caBundle says: ${why}`)
    }
    try {
      const tls = dial(options)
      const request = get({ host: serverName, path: '/livez', createConnection: () => tls }, (response) => {
        resolve(undefined)
        response.on('end', () => tls.destroy()).resume()
      })
      request.setTimeout(timeoutMs, () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)))
      request.on('error', trouble)
    } catch (error) {
      trouble(error)
    }
  })
}

function dial({ host, port, serverName, ca, crypto }: SelfCheckOptions): Socket {
  const tcp = connectTcp({ host, port })
  try {
    // node:http asks for a socket, and looks at nothing in it that a TlsStream has not.
    return connect(tcp, { servername: serverName, ca, crypto }) as unknown as Socket
  } catch (error) {
    tcp.on('error', () => undefined).destroy()
    throw error
  }
}
