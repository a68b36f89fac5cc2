/** The backend behind the ingress: says as JSON what it was asked, counts what it was sent, and sends as much as wanted. */
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'

const server = createServer((request, response) => {
  const { method = '', url = '', headers, httpVersion } = request
  const wanted = /^\/bytes\/(\d{1,12})$/.exec(url)?.[1]
  if (wanted !== undefined) {
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': wanted })
    const chunk = Buffer.alloc(65_536, 'chitin ')
    let left = Number(wanted)
    const more = (): void => {
      while (left > 0) {
        const part = left < chunk.length ? chunk.subarray(0, left) : chunk
        left -= part.length
        if (!response.write(part)) {
          response.once('drain', more)
          return
        }
      }
      response.end()
    }
    more()
    return
  }
  const hash = createHash('sha256')
  let bytes = 0
  request.on('data', (chunk: Uint8Array) => {
    bytes += chunk.length
    hash.update(chunk)
  })
  request.on('end', () => {
    const body = { bytes, sha256: hash.digest('hex') }
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ method, url, httpVersion, headers, from: request.socket.remoteAddress, body }))
  })
})
server.listen(8080, '::')
process.on('SIGTERM', () => server.close())
