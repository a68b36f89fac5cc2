import { setFlagsFromString } from 'node:v8'

/**
 * When V8 optimises what it runs, for every thread of the process: not while the terminator starts, and then soon. V8 has two
 * optimising compilers. Of TurboFan's program text 4 MiB become resident with its first work, so it has none until somebody
 * connects. Maglev, the hasty one, is left out: TurboFan soon does its work again, and what it keeps of the code of a
 * thousand connections is 15 MiB.
 */
export function optimizeLater(): void {
  setFlagsFromString('--no-maglev')
  setFlagsFromString('--no-opt')
}

/**
 * Has V8 optimise a function that was called 400 times; left to itself it waits for 3000 calls, and as a connection calls most
 * functions of a handshake once, some 20 000 connections go by until everything is as fast as it gets. Here the same few
 * functions are called for weeks: they are compiled sooner, and not more of them.
 */
export function optimizeSoon(): void {
  setFlagsFromString('--opt')
  setFlagsFromString('--invocation-count-for-turbofan=400')
}
