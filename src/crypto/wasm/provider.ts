import { noble } from '../noble/provider.ts'
import type { CryptoProvider } from '../provider.ts'
import type { KernelModules } from './kernel.ts'
import { sha2 } from './sha2.ts'

/**
 * Primitives in WebAssembly, from kernels written in AssemblyScript: memory-safe by the sandbox, and without branches or
 * addresses that depend on secrets. What has no kernel is @noble's, and this table is where it shows.
 */
export function wasmProvider(modules: KernelModules): CryptoProvider {
  const { hash, hmac } = sha2(modules)
  return {
    name: 'wasm',
    hash,
    hmac,
    aead: (name, key) => noble.aead(name, key),
    keyExchange: (name) => noble.keyExchange(name),
    signingKey: (key) => noble.signingKey(key),
    verify: (scheme, key, message, signature) => noble.verify(scheme, key, message, signature),
  }
}
