/** `node test/cluster/up.ts`: a cluster to play with; prints where it is. `down.ts DIRECTORY` takes it away. */
import { startCluster } from './cluster.ts'

const cluster = await startCluster({ name: process.argv[2] ?? 'up' })
console.log(cluster.directory)
