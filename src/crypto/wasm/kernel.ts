/**
 * A kernel is a WebAssembly module with one job. Its source is assembly/NAME.ts, in AssemblyScript; `npm run build:wasm`
 * compiles it to kernels/NAME.wasm. It imports nothing, so it can reach nothing but its own memory, and that memory is its
 * alone: a fault in one kernel cannot read what another one knows.
 *
 * Memory. Every kernel's is a fixed number of pages, given when it is instantiated, and never grows. The compiler lays it
 * out; where things stand is said by the kernel itself, in exported globals, beside the lines of its source that reserve
 * them. So no offset is written down twice, and nobody here counts bytes: a binding puts its input where the kernel says,
 * calls, takes the output from where the kernel says, and leaves no secret behind.
 *
 *     0    16 ...                                                                    the last page
 *     |    | buffers that are exported by name | scratch | tables |   (unused)       |
 *
 * Threads. A worker instantiates its own kernels. Calls are synchronous, so an instance never does two things at once.
 */
export interface Kernel<Exports> {
  readonly exports: Exports
  /** The whole memory. */
  readonly memory: Uint8Array
  /** Copies bytes in, the first `length` if that is given, to where an exported global says, or `offset` bytes behind it. */
  write(to: Pointer, bytes: Uint8Array, offset?: number, length?: number): void
  /** A copy of `length` bytes. */
  read(from: Pointer, length: number, offset?: number): Uint8Array
  /** Copies as many bytes out as the target has. */
  readInto(target: Uint8Array, from: Pointer, offset?: number): void
  /** Overwrites bytes with zeros. */
  wipe(from: Pointer, length: number, offset?: number): void
}

/** Where something stands in a kernel's memory, as an exported global of it says. */
export type Pointer = number

/** Every kernel that is built. */
export const kernelNames = [
  'aes-gcm',
  'chacha20-poly1305',
  'sha2',
  'curve25519',
  'p256',
  'p384',
  'ml-kem',
  'rsa',
] as const
export type KernelName = (typeof kernelNames)[number]

/** The modules as they were read from disk. */
export type KernelModules = Readonly<Record<KernelName, Uint8Array>>

/** A fresh instance. `Exports` is what the kernel's source exports: the one promise that TypeScript cannot check. */
export function instantiate<Exports extends object>(modules: KernelModules, name: KernelName): Kernel<Exports> {
  const { exports } = new WebAssembly.Instance(compile(name, modules[name]))
  const memory = new Uint8Array((exports as { readonly memory: WebAssembly.Memory }).memory.buffer)
  return {
    exports: withNumbers(exports) as Exports,
    memory,
    write(to, bytes, offset = 0, length = bytes.length) {
      if (length === bytes.length) return memory.set(bytes, to + offset)
      // No view of the bytes: that of a short array moves it out of V8's heap, which takes ten times as long as this.
      for (let i = 0; i < length; i++) memory[to + offset + i] = bytes[i] as number
    },
    read: (from, length, offset = 0) => memory.slice(from + offset, from + offset + length),
    readInto: (target, from, offset = 0) => target.set(memory.subarray(from + offset, from + offset + target.length)),
    wipe: (from, length, offset = 0) => void memory.fill(0, from + offset, from + offset + length),
  }
}

/** Globals never change, and to ask one for its value costs a call each time. */
function withNumbers(exports: object): object {
  return Object.fromEntries(
    Object.entries(exports).map(([name, value]: [string, unknown]) => [
      name,
      value instanceof WebAssembly.Global ? value.value : value,
    ]),
  )
}

function compile(name: KernelName, module: Uint8Array): WebAssembly.Module {
  try {
    return new WebAssembly.Module(module)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new Error(
      `the WebAssembly kernel ${name} does not compile here: ${why}. ` +
        'It needs SIMD, which this processor or engine may lack: choose --crypto noble or native',
      { cause: error },
    )
  }
}
