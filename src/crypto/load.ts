import type { CryptoProvider, ProviderName } from './provider.ts'

/** Loads the provider that was chosen, and not the others. */
export async function loadCrypto(name: ProviderName): Promise<CryptoProvider> {
  if (name === 'native') return (await import('./native/provider.ts')).native
  if (name === 'wasm') return (await import('./wasm/load.ts')).loadWasm()
  return (await import('./noble/provider.ts')).noble
}
