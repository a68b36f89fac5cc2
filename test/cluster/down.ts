/** `node test/cluster/down.ts DIRECTORY`: takes away a cluster that up.ts or `npm run demo -- --keep` left. */
import { openCluster } from './cluster.ts'

const directory = process.argv[2]
if (directory === undefined) {
  console.error('usage: node test/cluster/down.ts DIRECTORY')
  process.exitCode = 2
} else await (await openCluster(directory)).stop()
