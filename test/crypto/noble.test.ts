import { native } from '../../src/crypto/native/provider.ts'
import { noble } from '../../src/crypto/noble/provider.ts'
import { providerSuite } from './provider-suite.ts'

providerSuite(noble, native)
