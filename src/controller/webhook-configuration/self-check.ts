/** Whether our own webhook answers, with a certificate that the configuration's caBundle vouches for. */
import { get } from 'node:https'

export interface SelfCheckOptions {
  readonly host: string
  readonly port: number
  /** The name in the certificate, as the API server will ask for it. */
  readonly serverName: string
  readonly ca: string
  readonly timeoutMs?: number
}

/** Undefined when it does, else why not. Any HTTP answer will do: that it came through this TLS is what is asked. */
export async function selfCheck({
  host,
  port,
  serverName,
  ca,
  timeoutMs = 2000,
}: SelfCheckOptions): Promise<string | undefined> {
  return new Promise((resolve) => {
    const options = { host, port, servername: serverName, ca, path: '/livez', agent: false, timeout: timeoutMs }
    const request = get(options, (response) => {
      response.resume()
      resolve(undefined)
    })
    request.on('timeout', () => request.destroy(new Error(`no answer within ${timeoutMs} ms`)))
    request.on('error', (error) => resolve(`the webhook does not answer as its caBundle says: ${error.message}`))
  })
}
