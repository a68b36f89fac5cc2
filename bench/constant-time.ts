/**
 * `npm run bench:constant-time`: whether the time of a primitive tells of its secret, as far as
 * statistics can say (Reparaz, Balasch, Verbauwhede, "Dude, is my code constant time?", 2017).
 *
 * Each primitive runs with secrets of two classes, one always the same, one always new, in random order. Welch's t-test
 * asks whether the two classes of times could be one; slow outliers, which other work on the machine makes, are cut off at
 * several points, and the largest |t| is shown. Above 4.5 there is something to explain, above 10 there is a leak. Nothing
 * that is found shows that there is nothing: test/crypto/wasm/branches.test.ts is the other half.
 *
 * The control leaks on purpose: where its |t| stays small, the machine is too busy to believe the rest.
 */
import { randomBytes } from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import { concat } from '../src/bytes/arrays.ts'
import { choice } from '../src/cli/options.ts'
import { loadCrypto } from '../src/crypto/load.ts'
import { prepare } from '../src/crypto/noble/rsa/private-operation.ts'
import { inJavaScript } from '../src/crypto/noble/rsa/rsa.ts'
import {
  aeadKeyLength,
  hashLength,
  type AeadName,
  type CurveName,
  type HashName,
  type KeyResponse,
  type SignatureName,
} from '../src/crypto/provider.ts'
import { instantiate } from '../src/crypto/wasm/kernel.ts'
import { readKernels } from '../src/crypto/wasm/load.ts'
import { rsaOperation } from '../src/crypto/wasm/rsa.ts'
import { rsaKey } from '../test/crypto/keys.ts'
import { positive, programOptions } from '../test/support/program-options.ts'

interface Subject {
  readonly name: string
  readonly secretLength: number
  /** The one that is always the same, where not every one will do. */
  readonly fixed?: Uint8Array
  /** Does everything that is not timed. */
  prepare(secret: Uint8Array): () => unknown
}

const { options, names } = programOptions({
  command: 'npm run bench:constant-time --',
  description: `Whether the time of a primitive tells of its secret, as far as statistics can say: |t| above 4.5 is to be explained, above
10 it leaks, and the control has to. Wants a quiet machine. NAME picks the primitives whose names contain it.`,
  options: {
    seconds: positive('SECONDS', 10, 'for each primitive'),
    crypto: choice(['wasm', 'noble'], 'wasm', 'whose primitives'),
  },
  names: { of: 'NAME' },
})
const { seconds } = options
const crypto = await loadCrypto(options.crypto)
const random = (length: number): Uint8Array => new Uint8Array(randomBytes(length))

const subjects: readonly Subject[] = [
  comparing(),
  ...(Object.keys(aeadKeyLength) as AeadName[]).flatMap((name) => [sealing(name), opening(name), keying(name)]),
  ...(Object.keys(hashLength) as HashName[]).flatMap((name) => [hashing(name), authenticating(name), expanding(name)]),
  ...(['X25519', 'P-256', 'P-384'] as const).flatMap((name) => [agreeing(name), pairing(name)]),
  encapsulating(),
  decapsulating(),
  signing('P-256', 'ECDSA-P256-SHA256'),
  signing('P-384', 'ECDSA-P384-SHA384'),
  signingEd25519(),
  raising(),
]

console.log(
  `provider ${crypto.name}, node ${process.version}, ${process.arch}, ${new Date().toISOString().slice(0, 10)}`,
)
for (const subject of subjects) {
  if (names.length > 0 && !names.some((name) => subject.name.includes(name))) continue
  const { fixed, fresh } = measure(subject)
  const t = Math.max(...[0.5, 0.8, 0.95, 1].map((kept) => Math.abs(welch(fixed, fresh, kept))))
  const verdict = t > 10 ? 'leaks' : t > 4.5 ? 'look again' : ''
  console.log(
    `${subject.name.padEnd(36)}${String(fixed.length + fresh.length).padStart(9)} times  |t| ${t.toFixed(1).padStart(6)}  ${verdict}`,
  )
}

function measure({ secretLength, fixed = random(secretLength), ...subject }: Subject): {
  fixed: number[]
  fresh: number[]
} {
  const times = { fixed: [] as number[], fresh: [] as number[] }
  // Always the same array: an address of its own would give a class a time of its own.
  const secret = new Uint8Array(secretLength)
  let runs = 1
  const started = performance.now()
  const [warm, end] = [started + Math.min(1000, seconds * 100), started + seconds * 1000]
  while (performance.now() < end) {
    const isFixed = Math.random() < 0.5
    const drawn = random(secretLength)
    secret.set(isFixed ? fixed : drawn)
    const run = subject.prepare(secret)
    run()
    const started = process.hrtime.bigint()
    for (let again = 0; again < runs; again++) run()
    const time = Number(process.hrtime.bigint() - started)
    if (performance.now() > warm) times[isFixed ? 'fixed' : 'fresh'].push(time)
    // A sample takes some ten microseconds: long beside the clock's steps, short beside the scheduler's.
    else if (time < 10_000) runs++
  }
  return times
}

/** Welch's t of the samples below the quantile `kept` of both together. */
function welch(fixed: readonly number[], fresh: readonly number[], kept: number): number {
  const all = [...fixed, ...fresh].toSorted((a, b) => a - b)
  const limit = all[Math.min(all.length - 1, Math.floor(all.length * kept))] as number
  const [a, b] = [moments(fixed.filter((time) => time <= limit)), moments(fresh.filter((time) => time <= limit))]
  // One class is wholly slower than most of both.
  if (a.count < 2 || b.count < 2) return Infinity
  return (a.mean - b.mean) / Math.sqrt(a.variance / a.count + b.variance / b.count)
}

function moments(times: readonly number[]): { count: number; mean: number; variance: number } {
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length
  const variance = times.reduce((sum, time) => sum + (time - mean) ** 2, 0) / (times.length - 1)
  return { count: times.length, mean, variance }
}

/** Leaks on purpose, as a comparison does that ends where it finds a difference. */
function comparing(): Subject {
  const fixed = random(64)
  const prepare = (secret: Uint8Array) => () => fixed.every((byte, i) => byte === secret[i])
  return { name: 'control: compare until it differs', secretLength: 64, fixed, prepare }
}

function sealing(name: AeadName): Subject {
  const [nonce, aad, text] = [random(12), random(5), random(256)]
  return {
    name: `${name} seal`,
    secretLength: aeadKeyLength[name],
    prepare(key) {
      const aead = crypto.aead(name, key)
      return () => aead.seal(nonce, aad, text)
    },
  }
}

function opening(name: AeadName): Subject {
  const [nonce, aad, text] = [random(12), random(5), random(256)]
  return {
    name: `${name} open`,
    secretLength: aeadKeyLength[name],
    prepare(key) {
      const aead = crypto.aead(name, key)
      const sealed = aead.seal(nonce, aad, text)
      return () => aead.open(nonce, aad, sealed)
    },
  }
}

/** The key's own expansion, which `seal` finds done. */
function keying(name: AeadName): Subject {
  const nonce = random(12)
  const prepare = (key: Uint8Array) => () => {
    const aead = crypto.aead(name, key)
    aead.seal(nonce, nonce, nonce)
    aead.wipe()
  }
  return { name: `${name} new key`, secretLength: aeadKeyLength[name], prepare }
}

function hashing(name: HashName): Subject {
  const prepare = (message: Uint8Array) => () => {
    const hash = crypto.hash(name)
    hash.update(message)
    return hash.digest()
  }
  return { name, secretLength: 300, prepare }
}

function authenticating(name: HashName): Subject {
  const message = random(100)
  const prepare = (key: Uint8Array) => () => crypto.hmac(name, key, message)
  return { name: `HMAC ${name}`, secretLength: hashLength[name], prepare }
}

/** As many outputs as SHA-256 has lanes, so that the key goes through all that is made for it. */
function expanding(name: HashName): Subject {
  const outputs = Array.from({ length: 4 }, () => ({ info: random(50), length: hashLength[name] }))
  const prepare = (key: Uint8Array) => () => crypto.expand(name, key, outputs)
  return { name: `HKDF ${name}, four outputs`, secretLength: hashLength[name], prepare }
}

function agreeing(name: 'X25519' | 'P-256' | 'P-384'): Subject {
  const exchange = crypto.keyExchange(name)
  const { share } = exchange.keyPair(random)
  const prepare = (scalar: Uint8Array) => {
    // Below the order of every curve.
    const privateKey = scalar.with(0, (scalar[0] as number) & 0x7f)
    return () => exchange.sharedSecret(privateKey, share)
  }
  return { name: `${name} secret`, secretLength: exchange.keyPair(random).privateKey.length, prepare }
}

function pairing(name: 'X25519' | 'P-256' | 'P-384'): Subject {
  const exchange = crypto.keyExchange(name)
  const prepare = (seed: Uint8Array) => () => exchange.keyPair((length) => seed.slice(0, length))
  return { name: `${name} key pair`, secretLength: 56, prepare }
}

function signing(curve: CurveName, scheme: SignatureName): Subject {
  const message = random(130)
  return {
    name: scheme,
    secretLength: 56,
    prepare(seed) {
      const pair = crypto.keyExchange(curve).keyPair((length) => seed.slice(0, length))
      const key = crypto.signingKey({ kind: 'ecdsa', curve, scalar: pair.privateKey, point: pair.share })
      return () => key.sign(scheme, message, random)
    },
  }
}

function signingEd25519(): Subject {
  const message = random(130)
  return {
    name: 'Ed25519',
    secretLength: 32,
    prepare(seed) {
      const key = crypto.signingKey({ kind: 'ed25519', seed, publicKey: ed25519.getPublicKey(seed) })
      return () => key.sign('Ed25519', message, random)
    },
  }
}

/**
 * RSA's private operation, with exponents of any digits: such a key fails its own check at the end, always alike. What it is
 * asked to sign is blinded, so the exponents are the secret that is left.
 */
function raising(): Subject {
  const key = rsaKey('2048')
  const operationOf = crypto.name === 'wasm' ? rsaOperation(instantiate(readKernels(), 'rsa')) : inJavaScript
  const message = random(255)
  return {
    name: 'RSA 2048, exponents',
    secretLength: 256,
    prepare(exponents) {
      const [dp, dq] = [exponents.slice(0, 128), exponents.slice(128)]
      const operation = operationOf({ ...prepare(key), dp, dq }, { ...key, dp, dq })
      return () => {
        try {
          operation(message, random)
        } catch (error) {
          return error
        }
        throw new Error('exponents that are none gave a signature')
      }
    },
  }
}

/** What the server does: the secret is what it encapsulates, and its half of X25519. */
function encapsulating(): Subject {
  const exchange = crypto.keyExchange('X25519MLKEM768')
  const { share } = exchange.keyPair(random)
  const prepare = (seed: Uint8Array) => () => exchange.respond(share, (length) => seed.slice(0, length))
  return { name: 'X25519MLKEM768 respond', secretLength: 64, prepare }
}

/** Whether a ciphertext is a true one must not show (FIPS 203 §3.3). The private key is always the same: it says the matrix. */
function decapsulating(): Subject {
  const exchange = crypto.keyExchange('X25519MLKEM768')
  const pair = exchange.keyPair(random)
  const { share } = exchange.respond(pair.share, random) as KeyResponse
  const [fixed, ofX25519] = [share.slice(0, -32), share.slice(-32)]
  const prepare = (ciphertext: Uint8Array) => {
    const received = concat(ciphertext, ofX25519)
    return () => exchange.sharedSecret(pair.privateKey, received)
  }
  return { name: 'X25519MLKEM768 secret', secretLength: fixed.length, fixed, prepare }
}
