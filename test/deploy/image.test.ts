/** What the image carries: built here as its Dockerfile does, and run from there. */
import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { cpSync, existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { vectorPem } from '../support/bundle-directory.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { startProgram } from '../support/terminator-process.ts'
import { closeAll, echo, read, startUpstream, tls } from '../support/terminator.ts'

const root = join(import.meta.dirname, '..', '..')
const folder = temporaryFolder('image')
const app = join(folder.path, 'app')

before(() => {
  const source = join(folder.path, 'source')
  const build = ['-p', 'tsconfig.build.json', '--outDir', join(source, 'dist')]
  execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), ...build], { cwd: root })
  cpSync(join(root, 'src/crypto/wasm/kernels'), join(source, 'dist/crypto/wasm/kernels'), { recursive: true })
  for (const name of ['package.json', 'package-lock.json', 'node_modules', 'deploy'])
    symlinkSync(join(root, name), join(source, name))
  execFileSync(process.execPath, ['deploy/image.ts', app], { cwd: source, stdio: 'pipe' })
})
after(async () => {
  await closeAll()
  folder.remove()
})

for (const workers of ['1', '2'])
  for (const crypto of ['noble', 'wasm', 'native'])
    test(`the bundled terminator serves, with ${workers} workers and --crypto ${crypto}`, async () => {
      const { certificate, key } = vectorPem('p256')
      const [chainFile, keyFile] = [join(folder.path, 'chain.pem'), join(folder.path, 'key.pem')]
      writeFileSync(chainFile, certificate)
      writeFileSync(keyFile, key)
      const upstream = await startUpstream(echo)
      // prettier-ignore
      const terminator = await startProgram(join(app, 'dist/main.js'), [app], ['--certificate', chainFile, '--key', keyFile,
        '--listen', '127.0.0.1:0', '--upstream', `127.0.0.1:${upstream.port}`, '--admin', '127.0.0.1:0',
        '--workers', workers, '--crypto', crypto])
      const socket = await tls(terminator.ports[0] ?? 0)
      socket.write('hello')
      assert.equal((await read(socket, 5)).toString(), 'hello')
      assert.equal(await terminator.metric('chitin_workers'), Number(workers))
      assert.deepEqual(
        terminator.lines.filter(({ level }) => level !== 'info'),
        [],
      )
    })

test('every command answers from there', () => {
  assert.match(run('version'), /chitin/i)
  for (const name of ['terminator', 'operator', 'uninstall', 'inject', 'check'])
    assert.match(run(name, '--help'), new RegExp(`chitin ${name}`))
})

test('the bundled operator reads a kubeconfig, and has none of the models that come with what reads it', async (t) => {
  const api = createServer((request, response) => {
    const { url, headers } = request
    response.writeHead(403, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ kind: 'Status', message: `${url} for ${headers.authorization}` }))
  })
  t.after(() => api.close())
  const port = await new Promise<number>((resolve) => {
    api.listen(0, '127.0.0.1', () => resolve((api.address() as AddressInfo).port)) // a TCP server's address is no path
  })
  const kubeconfig = join(folder.path, 'kubeconfig')
  const context = { name: 'here', context: { cluster: 'here', user: 'me' } }
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      'current-context': 'here',
      contexts: [context],
      clusters: [{ name: 'here', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'me', user: { token: 'sesame' } }],
    }),
  )
  const uninstall = promisify(execFile)(process.execPath, [
    join(app, 'dist/main.js'),
    'uninstall',
    '--kubeconfig',
    kubeconfig,
  ])
  await assert.rejects(uninstall, /tlspolicies.* for Bearer sesame/)

  for (const file of readdirSync(join(app, 'dist/controller')).filter((name) => name.startsWith('chunk-')))
    assert.doesNotMatch(readFileSync(join(app, 'dist/controller', file), 'utf8'), /class V1Pod /, file)
})

test('what runs for long is plain ASCII, of which V8 keeps one byte for each character', () => {
  const bundles = ['controller', 'terminator'].flatMap((name) =>
    readdirSync(join(app, 'dist', name), { recursive: true, encoding: 'utf8' })
      .filter((file) => file === 'run.js' || file.startsWith('chunk-'))
      .filter((file) => file.endsWith('.js'))
      .map((file) => join(app, 'dist', name, file)),
  )
  assert.ok(bundles.length > 2)
  for (const file of bundles) {
    const other = readFileSync(file).filter((byte) => byte > 0x7f)
    assert.equal(other.length, 0, file)
  }
})

test('the bundled operator does without the fetch of Node', () => {
  const script = `
    await import(${JSON.stringify(join(app, 'dist/controller/run.js'))})
    await import(${JSON.stringify(join(app, 'dist/kube/client.js'))})
    console.log(process.moduleLoadList.some((name) => name.includes('undici')))`
  const said = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' })
  assert.equal(said.trim(), 'false')
})

test('carries no package that is for development only', () => {
  const packages = readdirSync(join(app, 'node_modules'))
  assert.ok(packages.includes('winston'))
  for (const name of ['typescript', 'esbuild', 'assemblyscript', 'prettier']) {
    assert.ok(existsSync(join(root, 'node_modules', name)), `${name} is not there to be left out`)
    assert.ok(!packages.includes(name), name)
  }
})

function run(...args: string[]): string {
  return execFileSync(process.execPath, [join(app, 'dist/main.js'), ...args], { encoding: 'utf8' })
}
