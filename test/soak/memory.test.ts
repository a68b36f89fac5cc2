/** Memory is bounded by back-pressure and caps, not by luck: a process of its own, and its resident size. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import { afterEach, test } from 'node:test'
import { bundleFiles, vectorPem, writeAtomically } from '../support/bundle-directory.ts'
import { startProcess } from '../support/terminator-process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { closeAll, opened, startUpstream, tcp, tls } from '../support/terminator.ts'

afterEach(closeAll)

const gigabyte = 2 ** 30
const resident = 'process_resident_memory_bytes'

for (const kind of ['tls', 'plain'] as const) {
  test(`${kind}: a stalled client and a body of 1 GB leave memory as it was`, async (t) => {
    const folder = temporaryFolder('memory')
    opened.push(() => folder.remove())
    writeAtomically(folder.path, bundleFiles([{ names: ['shop.example.com'], credentials: [vectorPem('p256')] }]))
    let written = 0
    const upstream = await startUpstream((socket) => pour(socket, gigabyte, (length) => (written += length)))
    // prettier-ignore
    const terminator = await startProcess('--bundle', folder.path, '--listen', '127.0.0.1:0', '--listen-plain', '127.0.0.1:0',
      '--upstream', `127.0.0.1:${upstream.port}`, '--workers', '1', '--admin', '127.0.0.1:0', '--crypto', 'native')
    const [tlsPort = 0, plainPort = 0] = terminator.ports
    const before = await terminator.metric(resident)

    const socket = kind === 'tls' ? await tls(tlsPort) : await tcp(plainPort)
    let received = 0
    socket.on('data', (chunk: Buffer) => (received += chunk.length))
    await once(socket, 'data')
    socket.pause()
    // Stalled: until the upstream cannot get rid of another byte, three looks in a row.
    for (let [last, still] = [-1, 0]; still < 3; still = written === last ? still + 1 : 0) {
      last = written
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    const stalled = await terminator.metric(resident)
    // The kernel's buffers alone may take some 75 MB on the way (tcp_wmem, tcp_rmem); what we hold shows below.
    assert.ok(written < gigabyte / 4, `${written} bytes are on their way to nobody`)

    socket.resume()
    let most = stalled
    const over = new AbortController()
    // One look behind the other, and waited for: an answer that comes when the terminator is gone would be nobody's.
    const looking = (async () => {
      while (!over.signal.aborted) {
        most = Math.max(most, await terminator.metric(resident))
        await new Promise((resolve) => setTimeout(resolve, 200))
      }
    })()
    await once(socket, 'end')
    over.abort()
    await looking
    assert.equal(received, gigabyte)
    const megabytes = [before, stalled, most].map((bytes) => Math.round(bytes / 2 ** 20))
    t.diagnostic(`resident MB before, stalled, at most: ${megabytes.join(', ')}`)
    assert.ok(most < before + 128 * 2 ** 20, `resident MB before, stalled, at most: ${megabytes.join(', ')}`)
  })
}

/** Writes so many bytes, as fast as they are taken. */
function pour(socket: Socket, length: number, onWritten: (length: number) => void): void {
  const chunk = Buffer.alloc(65_536, 'chitin')
  let left = length
  const write = (): void => {
    for (; left > 0; left -= chunk.length) {
      onWritten(chunk.length)
      if (socket.write(chunk)) continue
      left -= chunk.length
      return void socket.once('drain', write)
    }
    socket.end()
  }
  write()
}
