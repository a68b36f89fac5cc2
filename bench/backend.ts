/** What stands behind each terminator: told a number in a line, it sends as many bytes. `backend.ts PORT` */
import { createServer } from 'node:net'

const chunk = Buffer.alloc(64 * 1024, 'chitin ')

createServer((socket) => {
  socket.on('error', () => undefined)
  socket.on('data', (line: Buffer) => {
    let left = Number(line.toString('latin1'))
    const fill = (): void => {
      while (left > 0) {
        const size = Math.min(left, chunk.length)
        left -= size
        if (!socket.write(chunk.subarray(0, size))) return void socket.once('drain', fill)
      }
      socket.end()
    }
    fill()
  })
}).listen(Number(process.argv[2]), '127.0.0.1')
