/** What clients ask of the server of server.ts, and how its answers are read. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { request } from 'node:https'
import { join } from 'node:path'
import { megabytes, type InteropServer } from './server.ts'

export function trust(server: InteropServer, pem = join(server.directory, 'ecdsa-p256.pem')): string[] {
  return ['--cacert', pem, '--resolve', `localhost:${server.port}:127.0.0.1`]
}

export function url(server: InteropServer, path: string): string {
  return `https://localhost:${server.port}${path}`
}

export function fetchOver(options: object, method: string, path: string, upload?: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const call = request({ ...options, method, path }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => resolve(Buffer.concat(chunks)))
    })
    call.on('error', reject)
    call.end(upload)
  })
}

export function get(path: string): string {
  return `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`
}

export const post = `POST /upload HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: ${10 * megabytes}\r\n\r\n`

export function afterHeaders(response: Buffer): Buffer {
  const start = response.indexOf('HTTP/1.1 200')
  assert.ok(start >= 0, `no response in ${response.subarray(0, 300).toString('latin1')}`)
  return response.subarray(response.indexOf('\r\n\r\n', start) + 4)
}

export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
