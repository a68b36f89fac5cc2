/** How long an open connection may be silent, by what was said over it. */
import type { Session } from './session.ts'

/** When it has been silent for too long. */
export function silentUntil(session: Session): number {
  return session.lastActive + longestSilenceMs(session)
}

/**
 * When to look at it again. Soon, where tickets wait for an answer that may not come; while we drain, often: an answer may
 * have come, or may have left.
 */
export function nextLookAt(session: Session): number {
  const soonMs = session.client.holdsTickets ? longestHeldMs : session.isDraining ? quietMs : Infinity
  return Math.min(silentUntil(session), session.context.now() + soonMs)
}

function longestSilenceMs(session: Session): number {
  const { idleTimeoutMs } = session.context.settings
  if (session.isDraining && isAnswered(session)) return Math.min(idleTimeoutMs, quietMs)
  const halfClosed = session.client.hasEnded || session.upstream.hasEnded
  return halfClosed ? Math.min(idleTimeoutMs, longestHalfClosedMs) : idleTimeoutMs
}

/** As far as bytes can tell: the upstream spoke last, and all that it said has left for the client. */
function isAnswered({ lastWord, client }: Session): boolean {
  return lastWord === 'upstream' && client.unsent === 0
}

/** For tickets: longer than most answers take, and sooner than a client would connect again. */
const longestHeldMs = 250
/** For a connection that has its answer, while we drain. */
const quietMs = 1000
/** After one side is done; shorter than the idle limit, for nothing more may ever come. */
const longestHalfClosedMs = 60_000
