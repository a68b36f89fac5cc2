import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { native } from '../../src/crypto/native/provider.ts'
import { logThrough } from '../../src/telemetry/log.ts'
import { terminatorMetrics } from '../../src/telemetry/metrics.ts'
import { readSnapshot } from '../../src/terminator/bundle-reader.ts'
import { WorkerPool } from '../../src/terminator/worker-pool.ts'
import { bundleFiles, vectorPem, writeAtomically } from '../support/bundle-directory.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { closeAll, listenAddress, opened, readToEnd, settings, tcp, tls } from '../support/terminator.ts'

afterEach(closeAll)

for (const workers of [1, 3])
  test(`of ${workers}, a worker counts as unserved until it says itself that it has the bundle`, async () => {
    const quiet = logThrough('error', () => {})
    const wanted = { ...settings, workers, listen: [listenAddress('tls')] }
    const pool = new WorkerPool(wanted, quiet, 'error', terminatorMetrics())
    opened.push(() => pool.drain(0))
    const [port = 0] = await pool.start()
    assert.equal(pool.unserved, workers)
    assert.equal((await readToEnd(await tcp(port))).length, 0, 'turned away')

    const folder = temporaryFolder('pool')
    opened.push(() => folder.remove())
    writeAtomically(folder.path, bundleFiles([{ names: ['shop.example.com'], credentials: [vectorPem('p256')] }]))
    pool.serve(await readSnapshot({ kind: 'bundle', directory: folder.path }, native))
    // A thread has heard nothing yet, whatever we have sent it; the main thread has done it already.
    assert.equal(pool.unserved, workers === 1 ? 0 : workers)
    while (pool.unserved > 0) await new Promise((resolve) => setTimeout(resolve, 1))
    // The kernel gives each worker its share of them.
    await Promise.all(Array.from({ length: 24 }, () => tls(port)))
  })
