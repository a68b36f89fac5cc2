/**
 * A seeded fuzzer that holds the three providers against each other: `node test/fuzz/providers.ts --seconds 10 --seed 1`.
 *
 * What one seals, all must seal alike, and open; what is forged by one bit, all must refuse; hashes fed in any pieces, with
 * digests and clones in between, must agree; shared secrets must be the same and signatures be taken by everybody. Of shares,
 * keys and signatures that nobody honest made, all must think alike. A round that finds otherwise is printed with the seed
 * that `--round N` repeats, and the exit code is 1.
 */
import assert from 'node:assert/strict'
import { concat } from '../../src/bytes/arrays.ts'
import { extract } from '../../src/crypto/hkdf.ts'
import { loadCrypto } from '../../src/crypto/load.ts'
import {
  aeadKeyLength,
  hashLength,
  nonceLength,
  tagLength,
  type AeadName,
  type GroupName,
  type Hash,
  type HashName,
  type PrivateKey,
  type PublicKey,
} from '../../src/crypto/provider.ts'
import { ecdsaKeys, ed25519Key, publicKeyOf, rsaKey } from '../crypto/keys.ts'
import type { Random } from '../support/random.ts'
import { conclude, seeded } from './seeded.ts'

const { seed, run: runRounds } = seeded(
  'node test/fuzz/providers.ts',
  `Holds the three providers of primitives against each other, at random from a seed. What they disagree on is printed with its
round, and the exit code is 1.`,
  10,
)

const [noble, wasm, native] = [await loadCrypto('noble'), await loadCrypto('wasm'), await loadCrypto('native')]
const providers = [noble, wasm, native]
const groups = ['X25519MLKEM768', 'SecP256r1MLKEM768', 'X25519', 'P-256', 'P-384'] as const satisfies GroupName[]
const signingKeys: readonly PrivateKey[] = [
  ecdsaKeys['P-256'],
  ecdsaKeys['P-384'],
  ed25519Key(),
  ...['2048', '3072', '4096'].map((name) => rsaKey(name)),
]

/** By name, how many of a hundred rounds; those of public keys are slow. */
const trials = {
  aead: { share: 46, run: sealAndOpen },
  hash: { share: 30, run: hashInPieces },
  hmac: { share: 7, run: authenticate },
  hkdf: { share: 7, run: expand },
  'every bit': { share: 2, run: flipEveryBit },
  exchange: { share: 2, run: agree },
  'any share': { share: 2, run: agreeOnAnyShare },
  signature: { share: 2, run: signAndVerify },
  forgery: { share: 2, run: judgeForgeries },
} as const satisfies Record<string, { share: number; run: (random: Random) => void }>

const counts = new Map<string, number>()
const { rounds, findings } = runRounds((random) => {
  let at = random.below(100)
  for (const [name, { share, run }] of Object.entries(trials)) {
    at -= share
    if (at >= 0) continue
    counts.set(name, (counts.get(name) ?? 0) + 1)
    try {
      return run(random)
    } catch (error) {
      throw new Error(`in ${name}`, { cause: error })
    }
  }
})

console.log(`seed ${seed}: ${rounds} rounds (${[...counts].map(([name, count]) => `${name} ${count}`).join(', ')})`)
conclude(findings)

function sealAndOpen(random: Random): void {
  const name = random.pick(Object.keys(aeadKeyLength) as AeadName[])
  const [key, nonce] = [bytes(random, aeadKeyLength[name]), bytes(random, nonceLength)]
  const aad = bytes(random, random.chance(0.5) ? random.pick([5, 13]) : random.below(600))
  const text = bytes(random, length(random))
  const aeads = providers.map((crypto) => crypto.aead(name, key))
  const sealed = aeads.map((aead) => aead.seal(nonce, aad, text))
  for (const other of sealed.slice(1)) assert.deepEqual(other, sealed[0])
  const [record] = sealed as [Uint8Array]
  for (const aead of aeads) assert.deepEqual(aead.open(nonce, aad, record), text)

  const forged = record.slice()
  flip(forged, random.below(forged.length * 8))
  const otherAad = aad.length > 0 ? aad.slice() : Uint8Array.of(0)
  if (aad.length > 0) flip(otherAad, random.below(aad.length * 8))
  for (const aead of aeads) {
    assert.equal(aead.open(nonce, aad, forged), undefined, 'a flipped bit of the record')
    assert.equal(aead.open(nonce, otherAad, record), undefined, 'a changed bit of the additional data')
    assert.equal(aead.open(nonce, aad, record.subarray(0, -1 - random.below(tagLength))), undefined, 'cut short')
    assert.deepEqual(aead.open(nonce, aad, record), text, 'the true one, after all that')
    aead.wipe()
  }
}

function flipEveryBit(random: Random): void {
  const name = random.pick(Object.keys(aeadKeyLength) as AeadName[])
  const nonce = bytes(random, nonceLength)
  const aead = wasm.aead(name, bytes(random, aeadKeyLength[name]))
  const record = aead.seal(nonce, nonce, bytes(random, random.below(80)))
  for (let bit = 0; bit < record.length * 8; bit++) {
    flip(record, bit)
    assert.equal(aead.open(nonce, nonce, record), undefined, `bit ${bit}`)
    flip(record, bit)
  }
}

function hashInPieces(random: Random): void {
  const name = random.pick(Object.keys(hashLength) as HashName[])
  let running: readonly Hash[] = providers.map((crypto) => crypto.hash(name))
  for (let steps = random.below(12); steps > 0; steps--) {
    const piece = bytes(random, random.chance(0.7) ? random.below(300) : length(random))
    for (const hash of running) hash.update(piece)
    if (random.chance(0.3)) sameDigests(running)
    if (!random.chance(0.3)) continue
    const clones = running.map((hash) => hash.clone())
    // Whichever goes on, the other must not notice.
    const [going, staying] = random.chance(0.5) ? [running, clones] : [clones, running]
    for (const hash of staying) hash.update(piece)
    running = going
  }
  sameDigests(running)
}

function sameDigests(hashes: readonly Hash[]): void {
  const digests = hashes.map((hash) => hash.digest())
  for (const other of digests.slice(1)) assert.deepEqual(other, digests[0])
}

function authenticate(random: Random): void {
  const name = random.pick(Object.keys(hashLength) as HashName[])
  const [key, message] = [bytes(random, random.below(300)), bytes(random, length(random))]
  const codes = providers.map((crypto) => crypto.hmac(name, key, message))
  for (const other of codes.slice(1)) assert.deepEqual(other, codes[0])
}

function expand(random: Random): void {
  const name = random.pick(Object.keys(hashLength) as HashName[])
  const secret = extract(noble, name, bytes(random, random.below(300)), bytes(random, random.below(300)))
  const key = random.chance(0.9) ? secret : concat(secret, bytes(random, random.below(100)))
  // Mostly as TLS 1.3 asks: several at once, short infos, short outputs.
  const short = random.chance(0.7)
  const outputs = Array.from({ length: random.below(10) }, () => ({
    info: bytes(random, random.below(short ? 56 : 200)),
    length: random.below(short ? hashLength[name] + 1 : 300),
  }))
  const results = providers.map((crypto) => crypto.expand(name, key, outputs))
  for (const other of results.slice(1)) assert.deepEqual(other, results[0])
}

function agree(random: Random): void {
  const name = random.pick(groups)
  const [initiator, responder] = [random.pick(providers), random.pick(providers)]
  const pair = initiator.keyExchange(name).keyPair((length) => bytes(random, length))
  const answer = responder.keyExchange(name).respond(pair.share, (length) => bytes(random, length))
  assert.ok(answer !== undefined, `${name}: a good share is refused`)
  for (const crypto of providers)
    assert.deepEqual(crypto.keyExchange(name).sharedSecret(pair.privateKey, answer.share), answer.secret, name)
}

/** ML-KEM's answer to a ciphertext that is none of its own is a secret, too (FIPS 203 §6.3): the same with everybody. */
function agreeOnAnyShare(random: Random): void {
  const name = random.pick(groups)
  const draw = (length: number): Uint8Array => bytes(random, length)
  const pair = random.pick(providers).keyExchange(name).keyPair(draw)
  const answer = random.pick(providers).keyExchange(name).respond(pair.share, draw)
  assert.ok(answer !== undefined, `${name}: a good share is refused`)
  const share = changed(random, answer.share)
  const secrets = providers.map((crypto) => crypto.keyExchange(name).sharedSecret(pair.privateKey, share))
  for (const other of secrets) assert.deepEqual(other, secrets[0], name)

  // What they answer is drawn, and not by all in the same order: whether they do is what all must say alike.
  const theirs = changed(random, pair.share)
  const answered = providers.map((crypto) => crypto.keyExchange(name).respond(theirs, draw) !== undefined)
  for (const other of answered) assert.equal(other, answered[0], `${name}: ${answered.join()}`)
}

function signAndVerify(random: Random): void {
  const key = random.pick(signingKeys)
  const signer = random.pick(providers).signingKey(key)
  const [scheme, message] = [random.pick(signer.schemes), bytes(random, random.below(300))]
  const signature = signer.sign(scheme, message, (length) => bytes(random, length))
  for (const crypto of providers) assert.ok(crypto.verify(scheme, publicKeyOf(key), message, signature), scheme)
  const forged = concat(message, Uint8Array.of(0))
  for (const crypto of providers) assert.ok(!crypto.verify(scheme, publicKeyOf(key), forged, signature), scheme)
}

/** A signature, or a key, of which a little was changed: all say the same of it. A change in a number's encoding may be none. */
function judgeForgeries(random: Random): void {
  const key = random.pick(signingKeys)
  const signer = random.pick(providers).signingKey(key)
  const [scheme, message] = [random.pick(signer.schemes), bytes(random, random.below(300))]
  const signature = changed(
    random,
    signer.sign(scheme, message, (length) => bytes(random, length)),
  )
  const publicKey = random.chance(0.5) ? publicKeyOf(key) : changedKey(random, publicKeyOf(key))
  const verdicts = providers.map((crypto) => crypto.verify(scheme, publicKey, message, signature))
  for (const other of verdicts) assert.equal(other, verdicts[0], `${scheme}: ${verdicts.join()}`)
}

function changedKey(random: Random, key: PublicKey): PublicKey {
  if (key.kind === 'ecdsa') return { ...key, point: changed(random, key.point) }
  if (key.kind === 'ed25519') return { ...key, publicKey: changed(random, key.publicKey) }
  return random.chance(0.5) ? { ...key, n: changed(random, key.n) } : { ...key, e: changed(random, key.e) }
}

/** As it was, one bit flipped, one byte made another, all of them made alike, cut short or made longer. */
function changed(random: Random, original: Uint8Array): Uint8Array {
  const copy = original.slice()
  const at = random.below(copy.length)
  const how = random.below(6)
  if (how === 0) flip(copy, random.below(copy.length * 8))
  if (how === 1) copy[at] = random.pick([0, 1, 0x7f, 0x80, 0xff])
  if (how === 2) copy.fill(random.pick([0, 1, 0xff]), at)
  if (how === 3) return copy.subarray(0, at)
  if (how === 4) return concat(copy, bytes(random, 1 + random.below(3)))
  return copy
}

/** Mostly near the edges of blocks, sometimes a whole record and more. */
function length(random: Random): number {
  if (random.chance(0.1)) return random.below(20_001)
  return Math.max(0, random.pick([0, 16, 64, 128, 256, 512, 1024]) + random.below(35) - 17)
}

/** Random, or all alike: carries run furthest where every bit is set. */
function bytes(random: Random, length: number): Uint8Array {
  if (random.chance(0.1)) return new Uint8Array(length).fill(random.pick([0, 0xff]))
  return Uint8Array.from({ length }, () => random.below(256))
}

function flip(target: Uint8Array, bit: number): void {
  target[bit >> 3] = (target[bit >> 3] as number) ^ (1 << (bit & 7))
}
