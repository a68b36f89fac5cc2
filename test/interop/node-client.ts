/**
 * A client of node:tls: connects as often as it is told, asks for /seen, and prints each answer on a line of its own.
 * usage: node-client.ts PORT CA.pem VERSION SUITE GROUP TIMES [CERTIFICATE.pem KEY.pem]
 */
import { readFileSync } from 'node:fs'
import { connect, type ConnectionOptions, type SecureVersion } from 'node:tls'

const [port, ca = '', version, suite, group, times, certificate, key] = process.argv.slice(2)
const options: ConnectionOptions = {
  host: '127.0.0.1',
  port: Number(port),
  servername: 'localhost',
  ca: readFileSync(ca),
  minVersion: `TLSv${version}` as SecureVersion,
  maxVersion: `TLSv${version}` as SecureVersion,
  ...(suite === 'any' ? {} : { ciphers: suite }),
  ...(group === undefined || group === 'any' ? {} : { ecdhCurve: group }),
  ...(certificate === undefined || key === undefined
    ? {}
    : { cert: readFileSync(certificate), key: readFileSync(key) }),
}

let session: Buffer | undefined
for (let left = Number(times); left > 0; left--)
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ ...options, ...(session === undefined ? {} : { session }) })
    const chunks: Buffer[] = []
    socket.on('session', (ticket) => (session = ticket))
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('error', reject)
    socket.on('end', () => {
      console.log(Buffer.concat(chunks).toString().split('\r\n\r\n')[1])
      socket.end()
      resolve()
    })
    socket.write('GET /seen HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
  })
