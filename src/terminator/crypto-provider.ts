import type { CryptoProvider, ProviderName } from '../crypto/provider.ts'

/** Loads the provider that was chosen, and not the other one. */
export async function loadCrypto(name: ProviderName): Promise<CryptoProvider> {
  if (name === 'native') return (await import('../crypto/native/provider.ts')).native
  return (await import('../crypto/noble/provider.ts')).noble
}
