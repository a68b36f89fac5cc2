import { readFileSync } from 'node:fs'
import type { CryptoProvider } from '../provider.ts'
import { kernelNames, type KernelModules, type KernelName } from './kernel.ts'
import { wasmProvider } from './provider.ts'

/** The provider of the thread that asks: it has one, and the kernels' memory once. */
export function loadWasm(): CryptoProvider {
  return (loaded ??= wasmProvider(readKernels()))
}

let loaded: CryptoProvider | undefined

/** Reads the kernels from disk, where the build has put them beside this file. */
export function readKernels(): KernelModules {
  // fromEntries forgets which keys it was given; these are all of them.
  return Object.fromEntries(kernelNames.map((name) => [name, read(name)])) as KernelModules
}

function read(name: KernelName): Uint8Array {
  const file = new URL(`kernels/${name}.wasm`, import.meta.url)
  try {
    return readFileSync(file)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new Error(`the WebAssembly kernel ${name} is not there (${why}): build it by npm run build:wasm`, {
      cause: error,
    })
  }
}
