import type { RecordMemory } from '../tls/record/record-queue.ts'
import type { Socket } from './socket.ts'

/**
 * Writes what stands in lent memory, and gives it back as soon as the socket is done with it. False where the socket should
 * get no more before it drains.
 *
 * A socket mostly takes all at once. Where it does not, it keeps one piece, and that is never given back. What comes behind
 * that has to wait too, and waits in copies as long as it is: a peer who says a byte at a time cannot fill our memory with
 * pieces that are nearly empty.
 */
export function writeLent(socket: Socket, pieces: readonly Uint8Array[], memory: RecordMemory): boolean {
  if (socket.unsent > 0) {
    const room = socket.writeAll(pieces.map((piece) => piece.slice()))
    memory.giveBack(pieces)
    return room
  }
  const room = socket.writeAll(pieces)
  if (socket.unsent === 0) memory.giveBack(pieces)
  return room
}
