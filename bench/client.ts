/**
 * The load, in a process of its own so that its CPU time is nobody's who is measured. node:tls, TLS 1.3, no resumption.
 *
 *     client.ts handshakes PORT MILLISECONDS    prints {count, elapsedMs}
 *     client.ts download PORT BYTES             prints {count, elapsedMs}, count in bytes
 *     client.ts idle PORT CONNECTIONS           prints `ready`, and holds them until its stdin ends
 */
import { connect, type TLSSocket } from 'node:tls'

const [mode = '', portText = '', amountText = ''] = process.argv.slice(2)
const port = Number(portText)
const amount = Number(amountText)
const atOnce = 8

if (mode === 'handshakes') await handshakes()
else if (mode === 'download') await download()
else if (mode === 'idle') await idle()
else throw new Error(`found mode "${mode}", expected handshakes, download or idle`)

async function handshakes(): Promise<void> {
  const started = performance.now()
  let count = 0
  const worker = async (): Promise<void> => {
    while (performance.now() - started < amount) {
      const socket = await open()
      count++
      socket.destroy()
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  console.log(JSON.stringify({ count, elapsedMs: performance.now() - started }))
}

async function download(): Promise<void> {
  const socket = await open()
  const started = performance.now()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let count = 0
  socket.on('data', (chunk: Buffer) => (count += chunk.length))
  socket.on('end', resolve)
  socket.on('error', reject)
  socket.write(`${amount}\n`)
  await promise
  if (count !== amount) throw new Error(`found ${count} bytes, expected ${amount}`)
  console.log(JSON.stringify({ count, elapsedMs: performance.now() - started }))
  socket.destroy()
}

async function idle(): Promise<void> {
  const sockets: TLSSocket[] = []
  const worker = async (): Promise<void> => {
    for (let missing = amount - sockets.length; missing > 0; missing = amount - sockets.length) {
      const socket = await open()
      // Both ends are ours and about to end: a reset is no news.
      socket.on('error', () => undefined)
      if (sockets.length < amount) sockets.push(socket)
      else socket.destroy()
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  console.log('ready')
  for await (const _ of process.stdin);
  for (const socket of sockets) socket.destroy()
}

function open(): Promise<TLSSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>()
  const options = { host: '127.0.0.1', port, servername: 'bench.example.test', rejectUnauthorized: false }
  const socket = connect({ ...options, minVersion: 'TLSv1.3', ciphers: 'TLS_AES_128_GCM_SHA256', ecdhCurve: 'X25519' })
  socket.once('secureConnect', () => {
    socket.off('error', reject)
    resolve(socket)
  })
  socket.once('error', reject)
  return promise
}
