/** All three, the default first: whatever the engine does, it must do with each. */
import { native } from '../../src/crypto/native/provider.ts'
import { noble } from '../../src/crypto/noble/provider.ts'
import type { CryptoProvider } from '../../src/crypto/provider.ts'
import { loadWasm } from '../../src/crypto/wasm/load.ts'

export const providers: readonly CryptoProvider[] = [loadWasm(), noble, native]
