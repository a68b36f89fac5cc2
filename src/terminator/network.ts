import { denoNetwork } from './deno-sockets.ts'
import { nodeNetwork } from './node-sockets.ts'
import type { Network } from './socket.ts'

/** The runtime's own. */
export const network: Network = 'Deno' in globalThis ? denoNetwork : nodeNetwork
