import type { RecordMemory } from '../tls/record/record-queue.ts'
import type { Socket } from './socket.ts'

/**
 * Writes what stands in lent memory, and gives it back as soon as the socket is done with it. Returns how much memory the
 * socket keeps of it: 0 where it is done with all; else it should get no more before it drains.
 *
 * A socket mostly takes all at once. Where it does not, it keeps one piece, and that is never given back. What comes behind
 * that has to wait too, and waits in copies as long as it is: a peer who says a byte at a time cannot fill our memory with
 * pieces that are nearly empty. Where memory `isShort`, nobody gets more of it than he has to send: copies go out.
 */
export function writeLent(
  socket: Socket,
  pieces: readonly Uint8Array[],
  memory: RecordMemory,
  isShort: boolean,
): number {
  const written = isShort || socket.unsent > 0 ? pieces.map((piece) => piece.slice()) : pieces
  const done = socket.writeAll(written)
  if (done || written !== pieces) memory.giveBack(pieces)
  return done ? 0 : written.reduce((sum, { buffer }) => sum + buffer.byteLength, 0)
}
