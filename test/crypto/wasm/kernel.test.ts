import assert from 'node:assert/strict'
import { test } from 'node:test'
import { instantiate, kernelNames } from '../../../src/crypto/wasm/kernel.ts'
import { readKernels } from '../../../src/crypto/wasm/load.ts'

test('says which kernel does not compile, why, and what to choose instead', () => {
  const modules = readKernels()
  for (const name of kernelNames)
    assert.throws(
      () => instantiate({ ...modules, [name]: modules[name].subarray(0, -1) }, name),
      new RegExp(`kernel ${name} does not compile here: .+choose --crypto noble or native`),
    )
})

test('no kernel imports anything: it can reach nothing but its own memory', () => {
  for (const [name, bytes] of Object.entries(readKernels()))
    assert.deepEqual(WebAssembly.Module.imports(new WebAssembly.Module(bytes)), [], name)
})
