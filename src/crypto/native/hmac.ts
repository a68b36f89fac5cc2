import { hash as hashAtOnce } from 'node:crypto'
import { wipe } from '../../bytes/arrays.ts'
import { hashLength, type HashName } from '../provider.ts'

/** What node:crypto calls them. */
export const nodeHash = { 'SHA-256': 'sha256', 'SHA-384': 'sha384', 'SHA-512': 'sha512' } as const

/**
 * RFC 2104 §2, by two hashes of one call each: an Hmac and the KeyObject of its key take three quarters as long again, and more when they
 * are collected. What is hashed is written into one array that is kept, for a handshake has some fifty of them to hash.
 */
export function hmac(name: HashName, key: Uint8Array, message: Uint8Array): Uint8Array {
  const block = blockLength[name]
  const shortKey = key.length > block ? digestOf(name, key) : key
  const whole = room(block + Math.max(message.length, hashLength[name]))
  whole.set(shortKey)
  whole.fill(0, shortKey.length, block)
  whole.set(message, block)
  changeEach(whole, block, innerPad)
  // As text, in which each character is a byte, a digest costs a third of what it costs as a Buffer, but nobody can wipe it:
  // right for this one, which says nothing to who does not have the key.
  const inner = hashAtOnce(nodeHash[name], whole.subarray(0, block + message.length), 'binary')
  changeEach(whole, block, innerPad ^ outerPad)
  whole.write(inner, block, 'binary')
  const code = digestOf(name, whole.subarray(0, block + hashLength[name]))
  wipe(whole)
  return code
}

/** Made as an array of its own, as everything that a provider gives out is. */
function digestOf(name: HashName, message: Uint8Array): Uint8Array {
  const buffer = hashAtOnce(nodeHash[name], message, 'buffer')
  const digest = new Uint8Array(buffer)
  wipe(buffer)
  return digest
}

function changeEach(whole: Uint8Array, block: number, mask: number): void {
  for (let i = 0; i < block; i++) whole[i] = (whole[i] as number) ^ mask
}

function room(length: number): Buffer {
  return length <= kept.length ? kept : Buffer.alloc(length)
}

const blockLength = { 'SHA-256': 64, 'SHA-384': 128, 'SHA-512': 128 } as const
const [innerPad, outerPad] = [0x36, 0x5c]
const kept = Buffer.alloc(1024)
