/** What a Node programmer would write in ten lines: node:tls in front, a pipe behind. `node-proxy.ts PORT UPSTREAM CERTIFICATE KEY` */
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { createServer } from 'node:tls'

const [port, upstreamPort, certificate = '', key = ''] = process.argv.slice(2)
const options = { cert: readFileSync(certificate), key: readFileSync(key), ALPNProtocols: ['h2', 'http/1.1'] }
createServer(options, (socket) => {
  const upstream = connect(Number(upstreamPort), '127.0.0.1')
  socket.on('error', () => upstream.destroy())
  upstream.on('error', () => socket.destroy())
  socket.pipe(upstream).pipe(socket)
}).listen(Number(port), '127.0.0.1')
