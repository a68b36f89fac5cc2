/** Our engine against clients nobody here wrote: each suite and group they can do, 10 MB each way, a clean close. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { connect } from 'node:tls'
import { brotliCompressSync } from 'node:zlib'
import { native } from '../../src/crypto/native/provider.ts'
import { client, demand } from './clients.ts'
import { afterHeaders, fetchOver, get, post, sha256, trust, url } from './http.ts'
import { body, bodySha256, keyTypes, megabytes, startServer, type InteropServer } from './server.ts'
import { providers } from '../support/providers.ts'

const suites = ['TLS_AES_128_GCM_SHA256', 'TLS_AES_256_GCM_SHA384', 'TLS_CHACHA20_POLY1305_SHA256'] as const
const groups = ['X25519', 'P-256'] as const

const gnutlsCipher = {
  TLS_AES_128_GCM_SHA256: 'AES-128-GCM',
  TLS_AES_256_GCM_SHA384: 'AES-256-GCM',
  TLS_CHACHA20_POLY1305_SHA256: 'CHACHA20-POLY1305',
} as const

let workspace: string
before(() => {
  demand('openssl', 'openssl')
  demand('curl', 'curl')
  demand('gnutls-cli', 'gnutls-bin')
  demand('chromium', 'chromium')
  demand('go', 'golang')
  workspace = mkdtempSync(join(tmpdir(), 'chitin-interop-'))
  writeFileSync(join(workspace, 'upload'), body)
  execFileSync('go', ['build', '-o', join(workspace, 'go-client'), '.'], { cwd: join(import.meta.dirname, 'go') })
})
after(() => rmSync(workspace, { recursive: true }))

for (const crypto of providers)
  describe(`the ${crypto.name} provider`, () => {
    let server: InteropServer
    before(async () => {
      server = await startServer(crypto)
    })
    after(() => server.stop())

    for (const suite of suites)
      for (const group of groups) {
        test(`openssl s_client, ${suite}, ${group}`, async () => {
          const down = await client('openssl', [...sClient(server, group), '-ciphersuites', suite, '-quiet'], {
            text: get('/download'),
            keepOpenUntil: (out) => out.length >= 9 * megabytes,
          })
          assert.equal(sha256(afterHeaders(down.stdout)), bodySha256, down.stderr)
          const up = await client('openssl', [...sClient(server, group), '-ciphersuites', suite, '-quiet'], {
            text: Buffer.concat([Buffer.from(post), body]),
            keepOpenUntil: (out) => out.includes(bodySha256),
          })
          assert.equal(afterHeaders(up.stdout).toString(), bodySha256, up.stderr)
          served(server, suite, group)
        })

        test(`curl, ${suite}, ${group}`, async () => {
          const common = [
            '-sS',
            '--tlsv1.3',
            '--tls13-ciphers',
            suite,
            '--curves',
            group,
            '--http1.1',
            ...trust(server),
          ]
          const down = await client('curl', [...common, url(server, '/download')])
          assert.equal(sha256(down.stdout), bodySha256, down.stderr)
          const upload = ['--data-binary', `@${join(workspace, 'upload')}`, '-H', 'Expect:']
          const up = await client('curl', [...common, ...upload, url(server, '/upload')])
          assert.equal(up.stdout.toString(), bodySha256, up.stderr)
          served(server, suite, group)
        })

        test(`GnuTLS, ${suite}, ${group}`, async () => {
          const only = `NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+${gnutlsCipher[suite]}:-GROUP-ALL:+GROUP-${group === 'X25519' ? 'X25519' : 'SECP256R1'}`
          const args = ['--logfile', '/dev/null', '--x509cafile', join(server.directory, 'ecdsa-p256.pem')]
          const run = (text: string | Buffer) =>
            client('gnutls-cli', [...args, '--priority', only, '-p', String(server.port), 'localhost'], {
              text,
              keepOpenUntil: () => false,
            })
          const down = await run(get('/download'))
          assert.equal(sha256(afterHeaders(down.stdout)), bodySha256, down.stderr)
          const up = await run(Buffer.concat([Buffer.from(post), body]))
          assert.equal(afterHeaders(up.stdout).toString().trim(), bodySha256, up.stderr)
          served(server, suite, group)
        })

        test(`node:tls, ${suite}, ${group}`, async () => {
          const options = {
            host: '127.0.0.1',
            port: server.port,
            servername: 'localhost',
            rejectUnauthorized: false,
            ciphers: suite,
            ecdhCurve: group === 'X25519' ? 'X25519' : 'prime256v1',
            agent: false as const,
          }
          const down = await fetchOver(options, 'GET', '/download')
          assert.equal(sha256(down), bodySha256)
          const up = await fetchOver(options, 'POST', '/upload', body)
          assert.equal(up.toString(), bodySha256)
          served(server, suite, group)
        })
      }

    for (const group of groups)
      test(`Go's crypto/tls, ${group}`, async () => {
        const pem = join(server.directory, 'ecdsa-p256.pem')
        const run = await client(join(workspace, 'go-client'), [`127.0.0.1:${server.port}`, pem, group])
        assert.equal(run.code, 0, run.stderr)
        const said = JSON.parse(run.stdout.toString()) as Record<string, string>
        assert.deepEqual(
          { down: said['down'], up: said['up'], alpn: said['alpn'] },
          { down: bodySha256, up: bodySha256, alpn: 'http/1.1' },
        )
        served(server, said['suite'] ?? '', group)
      })

    test('Chromium fetches both ways inside a page', async () => {
      const profile = mkdtempSync(join(tmpdir(), 'chitin-chromium-'))
      // prettier-ignore
      const run = await client('chromium', ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking',
        '--disable-component-update', '--disable-sync', '--no-first-run', '--disable-quic', `--user-data-dir=${profile}`,
        '--ignore-certificate-errors', '--virtual-time-budget=60000', '--timeout=60000', '--dump-dom',
        `https://localhost:${server.port}/`])
      rmSync(profile, { recursive: true, force: true })
      assert.match(run.stdout.toString(), new RegExp(`down ${bodySha256} up ${bodySha256}`), run.stderr.slice(-2000))
    })

    test('Chromium prefers X25519MLKEM768, and takes a certificate that came compressed by brotli', async () => {
      const compressed: number[] = []
      const brotli = (bytes: Uint8Array): Uint8Array => {
        const shorter = brotliCompressSync(bytes)
        compressed.push(shorter.length)
        return shorter
      }
      const groups = ['X25519MLKEM768', 'X25519'] as const
      const modern = await startServer(crypto, ['rsa'], { groups, compressors: { brotli } })
      const profile = mkdtempSync(join(tmpdir(), 'chitin-chromium-'))
      // prettier-ignore
      const run = await client('chromium', ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking',
        '--disable-component-update', '--disable-sync', '--no-first-run', '--disable-quic', `--user-data-dir=${profile}`,
        '--ignore-certificate-errors', '--timeout=60000', '--dump-dom', `https://localhost:${modern.port}/seen`])
      rmSync(profile, { recursive: true, force: true })
      await modern.stop()
      assert.match(run.stdout.toString(), /handshake-complete/, run.stderr.slice(-2000))
      assert.equal(modern.handshakes[0]?.group, 'X25519MLKEM768')
      assert.equal(modern.handshakes[0]?.helloRetried, false)
      assert.equal(compressed.length, 1)
    })

    test('openssl s_client asks for KeyUpdate, and both sides go on with fresh keys', async () => {
      const run = await client('openssl', sClient(server, 'X25519'), {
        // s_client reads K at the start of a line as: send a KeyUpdate that asks for one.
        steps: [
          { after: 'Verify return code', send: 'K\n' },
          { after: 'KEYUPDATE', send: get('/') },
        ],
        keepOpenUntil: (out) => out.includes('</script>'),
      })
      assert.match(run.stderr + run.stdout.toString(), /KEYUPDATE/)
      assert.match(run.stdout.toString(), /HTTP\/1\.1 200 OK/, run.stderr)
    })

    test('GnuTLS asks for KeyUpdate in the middle of a connection', async () => {
      const pem = join(server.directory, 'ecdsa-p256.pem')
      const args = ['--inline-commands', '--x509cafile', pem, '-p', String(server.port), 'localhost']
      const run = await client('gnutls-cli', ['--priority', 'NORMAL:-VERS-ALL:+VERS-TLS1.3', ...args], {
        text: `^rekey^\n${get('/')}`,
        keepOpenUntil: () => false,
      })
      assert.match(run.stdout.toString(), /HTTP\/1\.1 200 OK/, run.stderr)
    })

    test('closes cleanly: no connection of these clients was cut or failed', () => {
      const bad = server.endings.filter((ending) => ending.startsWith('failed'))
      assert.deepEqual(bad, [])
    })
  })

describe('certificates by what the client can verify', () => {
  let server: InteropServer
  before(async () => {
    server = await startServer(native, keyTypes)
  })
  after(() => server.stop())

  const schemes = {
    ecdsa_secp256r1_sha256: 'ECDSA-P256-SHA256',
    ecdsa_secp384r1_sha384: 'ECDSA-P384-SHA384',
    ed25519: 'Ed25519',
    rsa_pss_rsae_sha256: 'RSA-PSS-SHA256',
    rsa_pss_rsae_sha384: 'RSA-PSS-SHA384',
    rsa_pss_rsae_sha512: 'RSA-PSS-SHA512',
  } as const
  for (const scheme of Object.keys(schemes))
    test(`openssl s_client that verifies ${scheme} only`, async () => {
      const run = await client('openssl', [...sClient(server, 'X25519'), '-sigalgs', scheme, '-quiet'], {
        text: get('/'),
        keepOpenUntil: (out) => out.includes('</script>'),
      })
      assert.match(run.stdout.toString(), /HTTP\/1\.1 200 OK/, run.stderr)
      assert.equal(server.handshakes.at(-1)?.signatureScheme, scheme)
    })

  test('a client that stopped at TLS 1.1 gets protocol_version', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const
    const error = await new Promise<NodeJS.ErrnoException>((resolve, reject) => {
      const socket = connect({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false, ...old })
      socket.once('error', resolve)
      socket.once('secureConnect', () => reject(new Error('connected')))
    })
    assert.equal(error.code, 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION')
  })

  test('a client without a common group gets handshake_failure', async () => {
    const error = await new Promise<NodeJS.ErrnoException>((resolve, reject) => {
      const socket = connect({ port: server.port, host: '127.0.0.1', ecdhCurve: 'P-521', rejectUnauthorized: false })
      socket.once('error', resolve)
      socket.once('secureConnect', () => reject(new Error('connected')))
    })
    assert.match(String(error.code), /HANDSHAKE_FAILURE/)
  })
})

function sClient(server: InteropServer, group: string): string[] {
  const pem = join(server.directory, 'ecdsa-p256.pem')
  assert.ok(existsSync(pem))
  // prettier-ignore
  return ['s_client', '-connect', `127.0.0.1:${server.port}`, '-servername', 'localhost', '-tls1_3', '-groups', group, '-CAfile', pem]
}

function served(server: InteropServer, suite: string, group: string): void {
  const last = server.handshakes.at(-1)
  assert.deepEqual({ suite: last?.suite, group: last?.group }, { suite, group })
}
