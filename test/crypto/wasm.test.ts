import { native } from '../../src/crypto/native/provider.ts'
import { loadWasm } from '../../src/crypto/wasm/load.ts'
import { providerSuite } from './provider-suite.ts'

providerSuite(loadWasm(), native)
