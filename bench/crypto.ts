/** `npm run bench:crypto`: every primitive that TLS uses, by each provider, in one run. */
import { randomBytes } from 'node:crypto'
import { loadCrypto } from '../src/crypto/load.ts'
import { expandLabel } from '../src/tls/key-schedule.ts'
import {
  aeadKeyLength,
  hashLength,
  type AeadName,
  type CryptoProvider,
  type GroupName,
  type HashName,
  type PrivateKey,
  type SignatureName,
} from '../src/crypto/provider.ts'
import { ecdsaKeys, ed25519Key, publicKeyOf, rsaKey } from '../test/crypto/keys.ts'
import { programOptions } from '../test/support/program-options.ts'

interface Row {
  readonly name: string
  /** Bytes that one run takes in; undefined where only their number counts. */
  readonly length?: number
  /** What is to be run, made ready. */
  prepare(crypto: CryptoProvider): () => unknown
}

const random = (length: number): Uint8Array => randomBytes(length)
const providers = [await loadCrypto('noble'), await loadCrypto('wasm'), await loadCrypto('native')]

const lengths = [16384, 1024, 64]
const rows: readonly Row[] = [
  ...(Object.keys(aeadKeyLength) as AeadName[]).flatMap((name) =>
    lengths.flatMap((length) => [sealing(name, length), opening(name, length)]),
  ),
  ...(Object.keys(hashLength) as HashName[]).flatMap((name) => lengths.map((length) => hashing(name, length))),
  ...(['SHA-256', 'SHA-384'] as const).flatMap((name) => [authenticating(name), expanding(name)]),
  ...(['X25519', 'P-256', 'P-384', 'X25519MLKEM768'] as const).flatMap((name) => exchanging(name)),
  ...signing('ECDSA-P256-SHA256', ecdsaKeys['P-256']),
  ...signing('ECDSA-P384-SHA384', ecdsaKeys['P-384']),
  ...signing('Ed25519', ed25519Key()),
  ...signing('RSA-PSS-SHA256', rsaKey('2048'), ' 2048'),
]

const { names: wanted } = programOptions({
  command: 'npm run bench:crypto --',
  description: `Every primitive that TLS uses, by each provider, in one run: how often a second, and for what has a length, how many
megabytes. The providers take turns in short bursts; the figure is that of the fastest fifth of the bursts, for other work on
the machine only ever slows one down. NAME picks the rows that contain it.`,
  options: {},
  names: { of: 'NAME', known: rows.map(({ name }) => name), inPart: true },
})

const columns = [...providers.map(({ name }) => name.padStart(22)), '  wasm/noble', ' wasm/native']
console.log(`${''.padEnd(28)}${columns.join('')}`)
for (const row of rows) {
  if (wanted.length > 0 && !wanted.some((name) => row.name.includes(name))) continue
  const seconds = race(providers.map((crypto) => row.prepare(crypto)))
  const [noble, wasm, native] = seconds as [number, number, number]
  const figures = seconds.map((each) => figure(row, each).padStart(22))
  const ratios = [noble / wasm, native / wasm].map((ratio) => ratio.toFixed(2).padStart(12))
  console.log(`${row.name.padEnd(28)}${figures.join('')}${ratios.join('')}`)
}

/** Seconds that one run of each takes. */
function race(contestants: readonly (() => unknown)[]): number[] {
  const bursts = contestants.map((run) => {
    // Engines compile what runs often: first some fifth of a second of that, then as often as fits into two milliseconds.
    let runs = 0
    const started = performance.now()
    for (; performance.now() - started < 200; runs++) run()
    return { run, times: [] as number[], count: Math.max(1, Math.round(runs / 100)) }
  })
  for (let turn = 0; turn < 51; turn++)
    for (const { run, times, count } of bursts) {
      const started = performance.now()
      for (let i = 0; i < count; i++) run()
      times.push((performance.now() - started) / 1000 / count)
    }
  return bursts.map(({ times }) => times.toSorted((a, b) => a - b)[Math.floor(times.length / 5)] as number)
}

function figure({ length }: Row, seconds: number): string {
  const often = 1 / seconds
  const count = often >= 10_000 ? `${(often / 1000).toFixed(often < 100_000 ? 1 : 0)} k/s` : `${often.toFixed(0)}/s`
  return length === undefined ? count : `${count} ${((length * often) / 1e6).toFixed(0).padStart(5)} MB/s`
}

function sealing(name: AeadName, length: number): Row {
  return {
    name: `${name} seal ${length}`,
    length,
    prepare(crypto) {
      const [aead, nonce, aad, text] = record(crypto, name, length)
      return () => aead.seal(nonce, aad, text)
    },
  }
}

function opening(name: AeadName, length: number): Row {
  return {
    name: `${name} open ${length}`,
    length,
    prepare(crypto) {
      const [aead, nonce, aad, text] = record(crypto, name, length)
      const sealed = aead.seal(nonce, aad, text)
      return () => aead.open(nonce, aad, sealed)
    },
  }
}

function record(crypto: CryptoProvider, name: AeadName, length: number) {
  return [crypto.aead(name, random(aeadKeyLength[name])), random(12), random(5), random(length)] as const
}

function hashing(name: HashName, length: number): Row {
  const message = random(length)
  return {
    name: `${name} ${length}`,
    length,
    prepare: (crypto) => () => {
      const hash = crypto.hash(name)
      hash.update(message)
      return hash.digest()
    },
  }
}

function authenticating(name: HashName): Row {
  const [key, message] = [random(hashLength[name]), random(hashLength[name])]
  return { name: `HMAC ${name}`, prepare: (crypto) => () => crypto.hmac(name, key, message) }
}

function expanding(name: HashName): Row {
  const [secret, context] = [random(hashLength[name]), random(hashLength[name])]
  const prepare = (crypto: CryptoProvider) => () =>
    expandLabel(crypto, name, secret, 'c hs traffic', context, hashLength[name])
  return { name: `HKDF-Expand-Label ${name}`, prepare }
}

function exchanging(name: GroupName): Row[] {
  return [
    { name: `${name} key pair`, prepare: (crypto) => () => crypto.keyExchange(name).keyPair(random) },
    {
      name: `${name} respond`,
      prepare(crypto) {
        const exchange = crypto.keyExchange(name)
        const { share } = exchange.keyPair(random)
        return () => exchange.respond(share, random)
      },
    },
    {
      name: `${name} secret`,
      prepare(crypto) {
        const exchange = crypto.keyExchange(name)
        const { privateKey, share } = exchange.keyPair(random)
        const answer = exchange.respond(share, random)
        if (answer === undefined) throw new Error(`${name}: a share of our own was refused`)
        return () => exchange.sharedSecret(privateKey, answer.share)
      },
    },
  ]
}

function signing(scheme: SignatureName, key: PrivateKey, size = ''): Row[] {
  const message = random(130)
  const signature = providers[0]?.signingKey(key).sign(scheme, message, random) as Uint8Array
  return [
    {
      name: `${scheme}${size} sign`,
      prepare(crypto) {
        const signer = crypto.signingKey(key)
        return () => signer.sign(scheme, message, random)
      },
    },
    {
      name: `${scheme}${size} verify`,
      prepare: (crypto) => () => crypto.verify(scheme, publicKeyOf(key), message, signature),
    },
  ]
}
