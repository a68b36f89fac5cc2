/** A worker thread: `work`, and a port to the main thread. It reads no file but its own source. */
import { parentPort, workerData } from 'node:worker_threads'
import type { Order, WorkerStart } from './worker-messages.ts'
import { work } from './work.ts'

const port = parentPort
if (port === null) throw new Error('worker.ts: is started by worker-pool.ts as a worker thread, not by itself')
const follow = await work(workerData as WorkerStart, (report) => port.postMessage(report)) // it hands over exactly this
port.on('message', (order: Order) => void follow(order))
