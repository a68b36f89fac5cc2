import assert from 'node:assert/strict'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, test } from 'node:test'
import { certificateFile, manifestFile, parseManifest, ticketFile, writeManifest } from '../../src/api/bundle.ts'
import { native } from '../../src/crypto/native/provider.ts'
import type { CryptoProvider } from '../../src/crypto/provider.ts'
import { logThrough } from '../../src/telemetry/log.ts'
import { terminatorMetrics } from '../../src/telemetry/metrics.ts'
import { BundleWatcher } from '../../src/terminator/bundle-watcher.ts'
import type { BundleSource } from '../../src/terminator/settings.ts'
import type { Snapshot } from '../../src/terminator/snapshot.ts'
import { bundleFiles, generationOf, rotation, vectorPem, writeAtomically } from '../support/bundle-directory.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const shop = (kind: 'p256' | 'rsa' | 'ed25519') =>
  bundleFiles([{ names: ['shop.example.com'], credentials: [vectorPem(kind)] }])

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0).toReversed()) cleanup()
})

function folder(): string {
  const temporary = temporaryFolder('bundle')
  cleanups.push(() => temporary.remove())
  return temporary.path
}

/** A watcher whose poll never comes, unless asked for: then only fs.watch, or `look`, can have seen a change. */
async function start(source: BundleSource, pollMs = 1_000_000, crypto: CryptoProvider = native) {
  const seen: Snapshot[] = []
  const log: string[] = []
  let wake: (() => void) | undefined
  const metrics = terminatorMetrics()
  const watcher = new BundleWatcher({
    source,
    crypto,
    metrics,
    log: logThrough('info', (level, message, fields) => log.push(`${level} ${message} ${JSON.stringify(fields)}`)),
    onSnapshot(snapshot) {
      seen.push(snapshot)
      wake?.()
    },
    pollMs,
  })
  cleanups.push(() => watcher.stop())
  await watcher.start()
  const until = async (count: number): Promise<void> => {
    while (seen.length < count) await new Promise<void>((resolve) => (wake = resolve))
  }
  return { watcher, seen, log, until, text: () => metrics.registry.metrics() }
}

test('reads the new bundle, and complains of nothing, where the old one is taken away while it is read', async () => {
  const directory = folder()
  writeAtomically(directory, shop('p256'))
  let swaps = 0
  const crypto: CryptoProvider = {
    ...native,
    hash(name) {
      // The first certificate has been read, and its key has not.
      if (swaps++ === 0) writeAtomically(directory, shop('rsa'))
      return native.hash(name)
    },
  }
  const { watcher, log, text } = await start({ kind: 'bundle', directory }, undefined, crypto)
  assert.equal(watcher.current?.generation, generationOf(shop('rsa')))
  assert.ok(swaps > 1)
  assert.deepEqual(
    log.filter((line) => line.startsWith('error')),
    [],
  )
  assert.doesNotMatch(await text(), /result="failed"\} [1-9]/)
})

test('loads a bundle as the kubelet leaves it', async () => {
  const directory = folder()
  writeAtomically(
    directory,
    bundleFiles(
      [{ names: ['shop.example.com', '*.shop.example.com'], credentials: [vectorPem('p256'), vectorPem('rsa')] }],
      [vectorPem('ed25519')],
    ),
  )
  const { watcher, text } = await start({ kind: 'bundle', directory })
  const snapshot = watcher.current
  assert.ok(snapshot)
  assert.deepEqual(snapshot.hosts[0]?.names, ['shop.example.com', '*.shop.example.com'])
  assert.deepEqual(
    snapshot.hosts[0].credentials.map(({ privateKey }) => privateKey.kind),
    ['ecdsa', 'rsa'],
  )
  assert.equal(snapshot.defaultCredentials?.[0]?.privateKey.kind, 'ed25519')
  assert.match(await text(), new RegExp(`chitin_bundle_info\\{generation="${snapshot.generation}"\\} 1`))
  assert.match(await text(), /chitin_certificate_not_after_timestamp_seconds\{host="shop.example.com"\} \d{10}/)
  // What goes to a worker thread is plain data.
  assert.deepEqual(structuredClone(snapshot), snapshot)
})

test('loads a plain directory too', async () => {
  const directory = folder()
  for (const [name, content] of shop('p256')) writeFileSync(join(directory, name), content)
  const { watcher } = await start({ kind: 'bundle', directory })
  assert.equal(watcher.current?.hosts.length, 1)
})

test('sees the symlink turn, by the watch alone and by the poll alone', async () => {
  for (const pollMs of [1_000_000, 10]) {
    const directory = folder()
    writeAtomically(directory, shop('p256'))
    const { seen, until, watcher } = await start({ kind: 'bundle', directory }, pollMs)
    writeAtomically(directory, shop('rsa'))
    await until(2)
    assert.deepEqual(
      seen.map(({ hosts }) => hosts[0]?.credentials[0]?.privateKey.kind),
      ['ecdsa', 'rsa'],
    )
    assert.notEqual(seen[0]?.generation, seen[1]?.generation)
    watcher.stop()
  }
})

test('takes a bundle that comes later', async () => {
  const directory = folder()
  const { watcher, until, log } = await start({ kind: 'bundle', directory })
  assert.equal(watcher.current, undefined)
  assert.match(watcher.lastError, /ENOENT/)
  assert.equal(log.length, 1)
  writeAtomically(directory, shop('p256'))
  await until(1)
  assert.equal(watcher.lastError, '')
})

test('a version with the same content is not pushed again', async () => {
  const directory = folder()
  writeAtomically(directory, shop('p256'))
  const { watcher, seen, text } = await start({ kind: 'bundle', directory })
  writeAtomically(directory, shop('p256'))
  await watcher.look()
  assert.equal(seen.length, 1)
  assert.match(await text(), /chitin_bundle_reloads_total\{result="unchanged"\} [1-9]/)
})

const der = (kind: 'p256' | 'rsa'): [string, Uint8Array] => {
  const found = [...shop(kind)].find(([name]) => name.startsWith(certificateFile('')))
  assert.ok(found && typeof found[1] !== 'string')
  return [found[0], found[1]]
}
const keyOf = (kind: 'p256' | 'rsa'): string => [...shop(kind).keys()].find((name) => name.startsWith('key-')) ?? ''

const bad: Readonly<Record<string, readonly [(files: Map<string, string | Uint8Array>) => unknown, RegExp]>> = {
  'a manifest that is no JSON': [(files) => files.set(manifestFile, '{'), /expected JSON/],
  'a manifest of another version': [(files) => files.set(manifestFile, '{"formatVersion":3}'), /formatVersion/],
  'a manifest that climbs out of its directory': [
    (files) =>
      files.set(manifestFile, String(files.get(manifestFile)).replace(/"key":"\w+"/, '"key":"../../etc/passwd"')),
    /64 hex digits/,
  ],
  'a missing certificate': [(files) => files.delete(der('rsa')[0]), /ENOENT/],
  'a missing key': [(files) => files.delete(keyOf('rsa')), /ENOENT/],
  'a certificate that is another one': [(files) => files.set(der('rsa')[0], der('p256')[1]), /SHA-256/],
  'a certificate that is cut short': [(files) => files.set(der('rsa')[0], der('rsa')[1].slice(0, 100)), /SHA-256/],
  "another certificate's key": [
    (files) => files.set(keyOf('rsa'), shop('p256').get(keyOf('p256')) ?? ''),
    /does not belong/,
  ],
  'a key that is garbage': [(files) => files.set(keyOf('rsa'), Buffer.from('secret garbage')), /./],
}
for (const [name, [spoil, message]] of Object.entries(bad)) {
  test(`keeps the last good bundle when there comes ${name}`, async () => {
    const directory = folder()
    writeAtomically(directory, shop('p256'))
    const { watcher, seen, log, text } = await start({ kind: 'bundle', directory })
    const spoiled = shop('rsa')
    spoil(spoiled)
    writeAtomically(directory, spoiled)
    await watcher.look()
    assert.match(watcher.lastError, message)
    assert.equal(watcher.current, seen[0])
    assert.match(await text(), /chitin_bundle_reloads_total\{result="failed"\} [1-9]/)
    assert.equal(log.filter((line) => line.startsWith('error')).length, 1, 'said once')
    assert.ok(!log.join().includes('secret'))
    // And goes on when it is mended.
    writeAtomically(directory, shop('rsa'))
    await watcher.look()
    assert.equal(watcher.current?.hosts[0]?.credentials[0]?.privateKey.kind, 'rsa')
    assert.equal(watcher.lastError, '')
  })
}

test('serves a candidate to nobody who is not told its name', async () => {
  const [directory, podInfo] = [folder(), folder()]
  const generationFile = join(podInfo, 'generation')
  const [before, after] = [shop('p256'), shop('rsa')]
  writeAtomically(directory, rotation(before, after))
  const { watcher, seen } = await start({ kind: 'bundle', directory, generationFile })
  const served = (): string | undefined => watcher.current?.generation
  assert.equal(served(), generationOf(before), 'without the file')
  for (const name of ['', generationOf(before), 'stranger', `${generationOf(after)}0`]) {
    writeAtomically(podInfo, new Map([['generation', name]]))
    await watcher.look()
    assert.equal(served(), generationOf(before), name)
  }
  assert.equal(seen.length, 1)
})

test('serves the candidate while its name is there, by the watch alone and by the poll alone', async () => {
  for (const pollMs of [1_000_000, 10]) {
    const [directory, podInfo] = [folder(), folder()]
    const [before, after] = [shop('p256'), shop('rsa')]
    writeAtomically(directory, rotation(before, after))
    writeAtomically(podInfo, new Map([['generation', generationOf(before)]]))
    const source = { kind: 'bundle', directory, generationFile: join(podInfo, 'generation') } as const
    const { until, watcher } = await start(source, pollMs)
    writeAtomically(podInfo, new Map([['generation', generationOf(after)]]))
    await until(2)
    assert.equal(watcher.current?.generation, generationOf(after))
    // Rolled back: the operator turns the annotation, and the bundle may go on carrying the candidate.
    writeAtomically(podInfo, new Map([['generation', generationOf(before)]]))
    await until(3)
    assert.equal(watcher.current.generation, generationOf(before))
    watcher.stop()
  }
})

test('a name that comes before its candidate is remembered, and a commit of the candidate changes nothing', async () => {
  const [directory, podInfo] = [folder(), folder()]
  const [before, after] = [shop('p256'), shop('rsa')]
  writeAtomically(directory, before)
  writeAtomically(podInfo, new Map([['generation', generationOf(after)]]))
  const { watcher, seen } = await start({ kind: 'bundle', directory, generationFile: join(podInfo, 'generation') })
  assert.equal(watcher.current?.generation, generationOf(before))
  for (const files of [rotation(before, after), after]) {
    writeAtomically(directory, files)
    await watcher.look()
    assert.equal(watcher.current.generation, generationOf(after))
  }
  assert.equal(seen.length, 2)
})

test('a candidate that cannot be served leaves the last good one, and says so', async () => {
  const [directory, podInfo] = [folder(), folder()]
  const [before, after] = [shop('p256'), shop('rsa')]
  const broken = rotation(before, after)
  const key = [...after.keys()].find((name) => name.startsWith('key-')) ?? ''
  broken.delete(key)
  writeAtomically(directory, broken)
  writeAtomically(podInfo, new Map([['generation', generationOf(before)]]))
  const { watcher, log } = await start({ kind: 'bundle', directory, generationFile: join(podInfo, 'generation') })
  writeAtomically(podInfo, new Map([['generation', generationOf(after)]]))
  await watcher.look()
  assert.equal(watcher.current?.generation, generationOf(before))
  assert.ok(log.some((line) => line.startsWith('error bundle refused') && line.includes(key)))
})

test('keeps serving when the directory is gone', async () => {
  const directory = join(folder(), 'bundle')
  mkdirSync(directory)
  writeAtomically(directory, shop('p256'))
  const { watcher } = await start({ kind: 'bundle', directory })
  rmSync(directory, { recursive: true })
  await watcher.look()
  assert.ok(watcher.current)
  // The watch sees nothing of a new directory; the poll does.
  mkdirSync(directory)
  writeAtomically(directory, shop('rsa'))
  await watcher.look()
  assert.equal(watcher.current.hosts[0]?.credentials[0]?.privateKey.kind, 'rsa')
})

test('serves two PEM files, and their replacement', async () => {
  const directory = folder()
  const [certificate, key] = [join(directory, 'chain.pem'), join(directory, 'key.pem')]
  const write = (kind: 'p256' | 'rsa'): void => {
    writeFileSync(certificate, vectorPem(kind).certificate)
    writeFileSync(key, vectorPem(kind).key)
  }
  write('p256')
  const { watcher } = await start({ kind: 'files', certificate, key, alpn: [] })
  assert.equal(watcher.current?.defaultCredentials?.[0]?.privateKey.kind, 'ecdsa')
  write('rsa')
  await watcher.look()
  assert.equal(watcher.current.defaultCredentials[0].privateKey.kind, 'rsa')
})

test('serves an intermediate that is put behind the same leaf', async () => {
  const directory = folder()
  const [certificate, key] = [join(directory, 'chain.pem'), join(directory, 'key.pem')]
  const [leaf, other] = [vectorPem('p256'), vectorPem('rsa')]
  writeFileSync(certificate, leaf.certificate)
  writeFileSync(key, leaf.key)
  const { watcher, seen } = await start({ kind: 'files', certificate, key, alpn: [] })
  const before = watcher.current?.defaultCredentials?.[0]?.chain.length ?? 0
  writeFileSync(certificate, leaf.certificate + other.certificate)
  await watcher.look()
  assert.ok((watcher.current?.defaultCredentials?.[0]?.chain.length ?? 0) > before)
  assert.notEqual(seen[0]?.generation, seen[1]?.generation)
})

test('tells its workers of another lifetime of the same tickets', async () => {
  const directory = folder()
  const name = 'cd'.repeat(16)
  const living = (lifetimeSeconds: number): Map<string, string | Uint8Array> => {
    const files = shop('p256').set(ticketFile(name), new Uint8Array(32))
    const manifest = parseManifest(String(files.get(manifestFile)))
    const tickets = { keys: [{ name, from: '2026-01-01T00:00:00.000Z' }], lifetimeSeconds }
    return files.set(manifestFile, writeManifest({ ...manifest, tickets }))
  }
  writeAtomically(directory, living(7200))
  const { watcher, seen } = await start({ kind: 'bundle', directory })
  writeAtomically(directory, living(60))
  await watcher.look()
  assert.deepEqual(
    seen.map(({ tickets }) => tickets?.lifetimeSeconds),
    [7200, 60],
  )
})
