/** The program as it is started in a pod: a process of its own, under Node's permission model. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, test } from 'node:test'
import { certificateFile, keyFile, manifestFile } from '../../src/api/bundle.ts'
import { UsageError } from '../../src/cli/options.ts'
import { command } from '../../src/cli/commands/terminator.ts'
import { bundleFiles, vectorPem, writeAtomically, type Files } from '../support/bundle-directory.ts'
import { derOf, secretsOf } from '../support/hostile-secrets.ts'
import { forms, keySearch } from '../support/key-search.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { startProcess } from '../support/terminator-process.ts'
import { closeAll, echo, opened, read, readToEnd, startUpstream, tcp, tls } from '../support/terminator.ts'

afterEach(closeAll)

test('serves a bundle with no permission but to read it, and ends by SIGTERM', async () => {
  const folder = temporaryFolder('permission')
  opened.push(() => folder.remove())
  writeAtomically(folder.path, bundleFiles([{ names: ['shop.example.com'], credentials: [vectorPem('p256')] }]))
  const upstream = await startUpstream(echo)
  // prettier-ignore
  const terminator = await startProcess('--bundle', folder.path, '--listen', '127.0.0.1:0',
    '--upstream', `127.0.0.1:${upstream.port}`, '--workers', '2', '--admin', '127.0.0.1:0', '--crypto', 'native')
  const { child, lines, ports, listening } = terminator
  assert.equal(listening['permissionModel'], 'on')
  const socket = await tls(ports[0] ?? 0)
  socket.write('hello')
  assert.equal((await read(socket, 5)).toString(), 'hello')

  // A rotation works under the permission model too: the watch, the poll, and the symlink.
  writeAtomically(folder.path, bundleFiles([{ names: ['shop.example.com'], credentials: [vectorPem('rsa')] }]))
  while (!lines.some(({ message, before }) => message === 'bundle loaded' && before !== undefined))
    await new Promise((resolve) => setTimeout(resolve, 5))

  assert.match(await terminator.metrics(), /chitin_bundle_reloads_total\{result="loaded"\} 2/)

  socket.end()
  await once(socket, 'close')
  child.kill('SIGTERM')
  const [code] = (await once(child, 'exit')) as [number | null]
  assert.equal(code, 0)
  assert.deepEqual(
    lines.filter(({ level }) => level === 'error' || level === 'warn'),
    [],
  )
})

test('serves two files, and says nothing secret even at debug', async () => {
  const folder = temporaryFolder('files')
  opened.push(() => folder.remove())
  const { certificate, key } = vectorPem('p256')
  const [chainFile, keyFile] = [join(folder.path, 'chain.pem'), join(folder.path, 'key.pem')]
  writeFileSync(chainFile, certificate)
  writeFileSync(keyFile, key)
  const upstream = await startUpstream(echo)
  // prettier-ignore
  const terminator = await startProcess('--certificate', chainFile, '--key', keyFile, '--listen', '127.0.0.1:0',
    '--upstream', `127.0.0.1:${upstream.port}`, '--admin', '127.0.0.1:0', '--log-level', 'debug')
  const socket = await tls(terminator.ports[0] ?? 0)
  socket.write('plaintext of a client')
  await read(socket, 21)
  // The tickets came before the echo.
  const resumed = await tls(terminator.ports[0] ?? 0, { session: socket.getSession() })
  assert.ok(resumed.isSessionReused(), 'by whichever worker')
  // A fault on the wire, and one in the file that holds the key.
  const broken = await tcp(terminator.ports[0] ?? 0)
  broken.write('GET /?token=0123456789 HTTP/1.1\r\n\r\n')
  await readToEnd(broken)
  writeFileSync(keyFile, key.replace(/^M[^\n]{8}/m, 'A$&'))
  while (!terminator.lines.some(({ message }) => message.startsWith('bundle refused')))
    await new Promise((resolve) => setTimeout(resolve, 5))

  const said = `${terminator.said()}${await terminator.metrics()}`
  assert.deepEqual(keySearch(secretsOf('the key', key))(said), [])
  for (const text of ['plaintext', 'token']) assert.ok(!said.includes(text), `${text} is in the log or in the metrics`)
})

test('says nothing secret of a bundle that somebody has damaged, even at debug', async () => {
  const folder = temporaryFolder('damaged')
  opened.push(() => folder.remove())
  const good = vectorPem('p256')
  const secrets = [good, vectorPem('rsa')].flatMap(({ key }, i) => secretsOf(`key ${i}`, key))
  const files = bundleFiles([{ names: ['shop.example.com'], credentials: [good] }])
  writeAtomically(folder.path, files)
  const upstream = await startUpstream(echo)
  // prettier-ignore
  const terminator = await startProcess('--bundle', folder.path, '--listen', '127.0.0.1:0',
    '--upstream', `127.0.0.1:${upstream.port}`, '--admin', '127.0.0.1:0', '--log-level', 'debug')
  const refusals = (): number => terminator.lines.filter(({ message }) => message.startsWith('bundle refused')).length
  for (const [name, content] of damages(files, good.key)) {
    // The first may be of the look that was under way.
    const enough = refusals() + 2
    writeAtomically(folder.path, new Map([...files, [name, content]]))
    while (refusals() < enough) await new Promise((resolve) => setTimeout(resolve, 5))
  }

  const said = `${terminator.said()}${await terminator.metrics()}`
  assert.deepEqual(keySearch(secrets)(said), [])
  for (const { bytes } of secrets)
    for (const write of Object.values(forms))
      assert.notDeepEqual(keySearch(secrets)(said + write(Buffer.from(bytes)).at(-1)), [], 'it would be found')
})

/** One file of a bundle, and what somebody has put in its place. */
function damages(files: Files, key: string): (readonly [string, string | Uint8Array])[] {
  const manifest = String(files.get(manifestFile))
  const word = Buffer.from(secretsOf('', key)[0]?.bytes ?? []).toString('hex')
  const named = (prefix: string): string => [...files.keys()].find((name) => name.startsWith(prefix)) ?? ''
  return [
    [manifestFile, key],
    [manifestFile, manifest + key],
    [manifestFile, manifest.replace('X25519', word)],
    [manifestFile, manifest.replace('shop.example.com', word)],
    [manifestFile, manifest.replace(/"id":"\w+"/, `"id":"${word}"`)],
    [manifestFile, manifest.replace(/"key":"\w+"/, `"key":"${word.toUpperCase()}"`)],
    [named(keyFile('')), key],
    [named(keyFile('')), derOf(key).subarray(0, -9)],
    [named(keyFile('')), Buffer.concat([derOf(key), derOf(key)])],
    [named(keyFile('')), derOf(vectorPem('rsa').key)],
    [named(certificateFile('')), derOf(key)],
  ]
}

test('a second SIGTERM does not wait for anybody', async () => {
  // It never answers, so that the drain waits.
  const upstream = await startUpstream(() => {})
  const asked = once(upstream.server, 'connection')
  // prettier-ignore
  const { child, lines, ports } = await startProcess('--listen-plain', '127.0.0.1:0',
    '--upstream', `127.0.0.1:${upstream.port}`, '--workers', '1')
  const socket = await tcp(ports[0] ?? 0)
  socket.write('x')
  await asked
  child.kill('SIGTERM')
  while (!lines.some(({ message }) => message === 'draining')) await new Promise((resolve) => setTimeout(resolve, 5))
  assert.equal(child.exitCode, null)
  child.kill('SIGTERM')
  const [code] = (await once(child, 'exit')) as [number | null]
  assert.equal(code, 143)
})

const refused: readonly (readonly [string, RegExp])[] = [
  ['--listen 1', /--upstream is required/],
  ['--upstream 1', /--listen or --listen-plain is required/],
  ['--upstream 1 --listen 2', /--listen needs --bundle, or --certificate and --key/],
  ['--upstream 1 --listen 2 --certificate c', /--certificate and --key belong together/],
  ['--upstream 1 --listen 2 --certificate c --key k --bundle b', /exclude each other/],
  ['--upstream 1 --listen 2 --certificate c --key k --generation-file g', /a --bundle to serve, and there is none/],
  ['--upstream 1 --listen-plain 2 --advertise 3=80', /--advertise names port 3, which is not listened on/],
]
for (const [line, message] of refused) {
  test(`refuses ${line}`, async () => {
    const surroundings = { env: {}, out: () => {}, error: () => {}, stop: new AbortController().signal }
    await assert.rejects(
      async () => command.execute(line.split(' '), surroundings),
      (error) => error instanceof UsageError && message.test(error.message),
    )
  })
}
