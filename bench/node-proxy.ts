/** What a Node programmer would write in ten lines: node:tls in front, a pipe behind. `node-proxy.ts PORT BACKEND CERTIFICATE KEY` */
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { createServer } from 'node:tls'

const [port, backend, certificate = '', key = ''] = process.argv.slice(2)
createServer({ cert: readFileSync(certificate), key: readFileSync(key), minVersion: 'TLSv1.3' }, (socket) => {
  const upstream = connect(Number(backend), '127.0.0.1')
  socket.on('error', () => upstream.destroy())
  upstream.on('error', () => socket.destroy())
  socket.pipe(upstream).pipe(socket)
}).listen(Number(port), '127.0.0.1')
