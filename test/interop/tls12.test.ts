/** Our engine in TLS 1.2 against clients nobody here wrote: each suite, 10 MB each way, a clean close. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { native } from '../../src/crypto/native/provider.ts'
import { noble } from '../../src/crypto/noble/provider.ts'
import { tls12Suites, type Tls12SuiteName } from '../../src/tls/tls12/suites.ts'
import { client, demand } from './clients.ts'
import { afterHeaders, fetchOver, get, post, sha256, trust, url } from './http.ts'
import { body, bodySha256, keyTypes, megabytes, startServer, type InteropServer } from './server.ts'

const suites = Object.keys(tls12Suites) as Tls12SuiteName[]
/** P-256 comes last: it is what a client names beside the group that is meant. */
const groups = ['X25519', 'P-384', 'P-256'] as const

/** OpenSSL's own names for the suites. */
const opensslSuite = {
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
} as const satisfies Record<Tls12SuiteName, string>

const gnutlsCipher = {
  'AES-128-GCM': 'AES-128-GCM',
  'AES-256-GCM': 'AES-256-GCM',
  'ChaCha20-Poly1305': 'CHACHA20-POLY1305',
} as const
const gnutlsGroup = { X25519: 'X25519', 'P-256': 'SECP256R1', 'P-384': 'SECP384R1' } as const
const opensslGroup = { X25519: 'X25519', 'P-256': 'prime256v1', 'P-384': 'secp384r1' } as const

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

for (const crypto of [noble, native])
  describe(`TLS 1.2 with the ${crypto.name} provider`, () => {
    let server: InteropServer
    before(async () => {
      server = await startServer(crypto, ['ecdsa-p256', 'rsa'], { groups })
    })
    after(() => server.stop())

    for (const [i, suite] of suites.entries())
      // Each group with some of the suites: the matrix has all of them, without the megabytes.
      for (const group of groups.slice(i % groups.length, (i % groups.length) + 1)) {
        // An ECDSA certificate has to lie on a curve that the client names (RFC 8422 §5.3), so P-256 is named behind.
        const curves = group === 'P-256' ? [group] : [group, 'P-256' as const]
        const opensslCurves = curves.map((name) => opensslGroup[name]).join(':')
        const pem = () => join(server.directory, tls12Suites[suite].signature === 'RSA' ? 'rsa.pem' : 'ecdsa-p256.pem')

        test(`openssl s_client, ${suite}, ${group}`, async () => {
          // prettier-ignore
          const args = ['s_client', '-connect', `127.0.0.1:${server.port}`, '-servername', 'localhost', '-tls1_2', '-quiet',
            '-groups', opensslCurves, '-cipher', opensslSuite[suite], '-CAfile', pem()]
          const down = await client('openssl', args, {
            text: get('/download'),
            keepOpenUntil: (out) => out.length >= 9 * megabytes,
          })
          assert.equal(sha256(afterHeaders(down.stdout)), bodySha256, down.stderr)
          const up = await client('openssl', args, {
            text: Buffer.concat([Buffer.from(post), body]),
            keepOpenUntil: (out) => out.includes(bodySha256),
          })
          assert.equal(afterHeaders(up.stdout).toString(), bodySha256, up.stderr)
          served(server, suite, group)
        })

        test(`curl, ${suite}, ${group}`, async () => {
          // prettier-ignore
          const common = ['-sS', '--tlsv1.2', '--tls-max', '1.2', '--ciphers', opensslSuite[suite], '--curves', opensslCurves,
            '--http1.1', ...trust(server, pem())]
          const down = await client('curl', [...common, url(server, '/download')])
          assert.equal(sha256(down.stdout), bodySha256, down.stderr)
          const upload = ['--data-binary', `@${join(workspace, 'upload')}`, '-H', 'Expect:']
          const up = await client('curl', [...common, ...upload, url(server, '/upload')])
          assert.equal(up.stdout.toString(), bodySha256, up.stderr)
          served(server, suite, group)
        })

        test(`GnuTLS, ${suite}, ${group}`, async () => {
          const { aead, signature } = tls12Suites[suite]
          const named = curves.map((name) => `+GROUP-${gnutlsGroup[name]}`).join(':')
          // prettier-ignore
          const priority = `NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+ECDHE-${signature}:-CIPHER-ALL:+${gnutlsCipher[aead]}:-GROUP-ALL:${named}`
          const args = ['--logfile', '/dev/null', '--x509cafile', pem(), '--priority', priority]
          const run = (text: string | Buffer) =>
            client('gnutls-cli', [...args, '-p', String(server.port), 'localhost'], {
              text,
              keepOpenUntil: () => false,
            })
          // gnutls-cli prints what it is sent byte by byte, for many seconds: once will do.
          if (i === 0) {
            const down = await run(get('/download'))
            assert.equal(sha256(afterHeaders(down.stdout)), bodySha256, down.stderr)
          }
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
            maxVersion: 'TLSv1.2',
            ciphers: opensslSuite[suite],
            ecdhCurve: opensslCurves,
            agent: false as const,
          }
          assert.equal(sha256(await fetchOver(options, 'GET', '/download')), bodySha256)
          assert.equal((await fetchOver(options, 'POST', '/upload', body)).toString(), bodySha256)
          served(server, suite, group)
        })

        test(`Go's crypto/tls, ${suite}, ${group}`, async () => {
          const run = await client(join(workspace, 'go-client'), [`127.0.0.1:${server.port}`, pem(), group, suite])
          assert.equal(run.code, 0, run.stderr)
          const said = JSON.parse(run.stdout.toString()) as Record<string, string>
          assert.deepEqual(said, { down: bodySha256, up: bodySha256, alpn: 'http/1.1', suite })
          served(server, suite, group)
        })
      }

    test('Chromium, held to TLS 1.2, fetches both ways inside a page', async () => {
      const profile = mkdtempSync(join(tmpdir(), 'chitin-chromium-'))
      // prettier-ignore
      const run = await client('chromium', ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking',
        '--disable-component-update', '--disable-sync', '--no-first-run', '--disable-quic', `--user-data-dir=${profile}`,
        '--ssl-version-max=tls1.2', '--ignore-certificate-errors', '--virtual-time-budget=60000', '--timeout=60000',
        '--dump-dom', `https://localhost:${server.port}/`])
      rmSync(profile, { recursive: true, force: true })
      assert.match(run.stdout.toString(), new RegExp(`down ${bodySha256} up ${bodySha256}`), run.stderr.slice(-2000))
      assert.equal(server.handshakes.at(-1)?.version, 'TLSv1.2')
    })

    test('closes cleanly: no connection of these clients was cut or failed', () => {
      assert.deepEqual(
        server.endings.filter((ending) => ending.startsWith('failed')),
        [],
      )
    })
  })

describe('what a client of TLS 1.2 may lack', () => {
  let server: InteropServer
  before(async () => {
    server = await startServer(native, keyTypes, { groups })
  })
  after(() => server.stop())

  const schemes = [
    ['ecdsa_secp256r1_sha256', 'ecdsa_secp256r1_sha256'],
    ['ecdsa_secp384r1_sha384', 'ecdsa_secp384r1_sha384'],
    ['ed25519', 'ed25519'],
    ['rsa_pss_rsae_sha256', 'rsa_pss_rsae_sha256'],
    ['rsa_pss_rsae_sha512', 'rsa_pss_rsae_sha512'],
    ['rsa_pkcs1_sha256', 'RSA+SHA256'],
    ['rsa_pkcs1_sha384', 'RSA+SHA384'],
    ['rsa_pkcs1_sha512', 'RSA+SHA512'],
  ] as const
  for (const [scheme, opensslName] of schemes)
    test(`openssl s_client that verifies ${scheme} only`, async () => {
      const run = await ask(server, ['-sigalgs', opensslName])
      assert.match(run.stdout.toString(), /HTTP\/1\.1 200 OK/, run.stderr)
      assert.equal(server.handshakes.at(-1)?.signatureScheme, scheme)
    })

  test('openssl s_client sees secure renegotiation, the extended master secret, and no compression', async () => {
    const run = await ask(server, [])
    assert.match(run.stdout.toString(), /Secure Renegotiation IS supported/)
    assert.match(run.stdout.toString(), /Extended master secret: yes/)
    assert.match(run.stdout.toString(), /Compression: NONE/)
  })

  test('GnuTLS without the extended master secret is served', async () => {
    const priority = 'NORMAL:-VERS-ALL:+VERS-TLS1.2:%NO_SESSION_HASH'
    const args = ['--insecure', '--priority', priority, '-p', String(server.port), 'localhost']
    const run = await client('gnutls-cli', args, { text: get('/'), keepOpenUntil: () => false })
    assert.match(run.stdout.toString(), /Options: safe renegotiation,\n/)
    assert.match(run.stdout.toString(), /HTTP\/1\.1 200 OK/, run.stderr)
  })

  test('openssl s_client that wants to renegotiate is told no, and goes on', async () => {
    const run = await client('openssl', [...sClient(server), '-legacy_renegotiation'], {
      // s_client reads R at the start of a line as: renegotiate.
      steps: [
        { after: 'Verify return code', send: 'R\n' },
        { after: 'RENEGOTIATING', send: get('/') },
      ],
      keepOpenUntil: (out) => out.includes('</script>'),
    })
    assert.match(run.stderr + run.stdout.toString(), /no renegotiation/i)
  })

  test('a client that came down from TLS 1.3 without need hears inappropriate_fallback', async () => {
    const run = await ask(server, ['-fallback_scsv'])
    assert.match(run.stderr, /inappropriate fallback/)
  })
})

function ask(server: InteropServer, args: readonly string[]) {
  return client('openssl', [...sClient(server), ...args], {
    text: get('/'),
    keepOpenUntil: (out) => out.includes('</script>'),
  })
}

function sClient(server: InteropServer): string[] {
  return ['s_client', '-connect', `127.0.0.1:${server.port}`, '-servername', 'localhost', '-tls1_2']
}

function served(server: InteropServer, suite: string, group: string): void {
  const last = server.handshakes.at(-1)
  assert.deepEqual(
    { version: last?.version, suite: last?.suite, group: last?.group },
    { version: 'TLSv1.2', suite, group },
  )
}
