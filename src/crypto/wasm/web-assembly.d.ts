/** What we use of WebAssembly's JavaScript interface: TypeScript describes it only among the things of a browser. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array)
    static imports(module: Module): { readonly module: string; readonly name: string }[]
  }
  class Instance {
    constructor(module: Module)
    readonly exports: object
  }
  interface Memory {
    readonly buffer: ArrayBuffer
  }
  class Global {
    readonly value: number
  }
}
