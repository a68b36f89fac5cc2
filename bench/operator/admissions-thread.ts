/** The thread that asks, so that what the benchmark itself is busy with does not count for the webhook. */
import { parentPort, workerData } from 'node:worker_threads'
import { admit, type Load } from './admissions.ts'

const { url, pods, load } = workerData as Load
parentPort?.postMessage(await admit(url, pods, load), [])
