/** Tries doors: which of these addresses and ports take a connection. Runs as a process of its own in the clients' namespace. */
import { connect } from 'node:net'
import type { Cluster } from './cluster.ts'

/** An address and a port. */
export interface Door {
  readonly address: string
  readonly port: number
}

/** The doors that are open to a client outside the cluster. */
export async function knock(cluster: Cluster, doors: readonly Door[]): Promise<Door[]> {
  const { code, stdout, stderr } = await cluster.outside(process.execPath, [
    import.meta.filename,
    JSON.stringify(doors),
  ])
  if (code !== 0) throw new Error(`knocking failed: ${stderr}`)
  return JSON.parse(stdout) as Door[]
}

async function isOpen({ address, port }: Door): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: 5000 })
    const end = (open: boolean): void => {
      socket.destroy()
      resolve(open)
    }
    socket.once('connect', () => end(true))
    socket.once('timeout', () => end(false))
    socket.once('error', () => end(false))
  })
}

if (import.meta.main) {
  const doors = JSON.parse(process.argv[2] ?? '[]') as readonly Door[]
  const answers = await Promise.all(doors.map(isOpen))
  process.stdout.write(JSON.stringify(doors.filter((_, index) => answers[index])))
}
