/** The package's front door: the example of its own documentation, run as a stranger would. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { issue } from '../support/openssl.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const root = join(import.meta.dirname, '..', '..')

test('the example in its documentation runs with the built package', (t) => {
  const folder = temporaryFolder('front-door')
  t.after(() => folder.remove())
  const { path } = folder
  const modules = join(path, 'node_modules')
  const built = join(modules, 'chitin', 'dist')
  mkdirSync(built, { recursive: true })
  symlinkSync(join(root, 'node_modules', '@noble'), join(modules, '@noble'))
  cpSync(join(root, 'package.json'), join(modules, 'chitin', 'package.json'))
  const compiler = join(root, 'node_modules', '.bin', 'tsc')
  execFileSync(compiler, ['-p', join(root, 'tsconfig.build.json'), '--outDir', built])
  cpSync(join(root, 'src/crypto/wasm/kernels'), join(built, 'crypto/wasm/kernels'), { recursive: true })

  const { certificate, key } = issue({ extensions: ['subjectAltName=DNS:localhost'] })
  const given = `const cert = ${JSON.stringify(certificate)}\nconst key = ${JSON.stringify(key)}\n`
  writeFileSync(join(path, 'example.mts'), given + example())
  const printed = execFileSync(process.execPath, ['--no-warnings', 'example.mts'], { cwd: path, encoding: 'utf8' })
  assert.equal(printed, 'TLSv1.3 hello/1 true\nhello at localhost\n')
})

/** The indented lines of the comment that opens the file. */
function example(): string {
  const [comment = ''] = readFileSync(join(root, 'src', 'stream', 'tls.ts'), 'utf8').split('*/')
  const lines = comment.split('\n').filter((line) => /^ \*($|     )/.test(line))
  return lines.map((line) => line.slice(7)).join('\n')
}
