import winston from 'winston'

export const logLevels = ['error', 'warn', 'info', 'debug'] as const
export type LogLevel = (typeof logLevels)[number]

/** What a line says beside its message. Never a key, a token, or a peer's bytes. */
export type LogFields = Readonly<Record<string, unknown>>

/** Made once where a program starts, and handed down; there is no global one. */
export interface Log {
  /** For callers who would otherwise gather fields that nobody reads. */
  enabled(level: LogLevel): boolean
  write(level: LogLevel, message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  debug(message: string, fields?: LogFields): void
}

/** One JSON line for each event, by winston: levels, formats and transports that operators already know. */
export function createLog(level: LogLevel, out: NodeJS.WritableStream = process.stdout): Log {
  const logger = winston.createLogger({
    level,
    levels: { error: 0, warn: 1, info: 2, debug: 3 },
    format: winston.format.combine(winston.format.timestamp(), winston.format.json()),
    transports: [new winston.transports.Stream({ stream: out })],
  })
  // `message`, `level` and `timestamp` are the line's own: a field of that name would overwrite them.
  return logThrough(level, (level, message, fields) => logger.log({ ...fields, level, message }))
}

/** A Log that hands each line to somebody else: worker threads send theirs to the main thread. */
export function logThrough(least: LogLevel, sink: (level: LogLevel, message: string, fields: LogFields) => void): Log {
  const enabled = (level: LogLevel): boolean => logLevels.indexOf(level) <= logLevels.indexOf(least)
  const write = (level: LogLevel, message: string, fields: LogFields = {}): void => {
    if (enabled(level)) sink(level, message, fields)
  }
  return {
    enabled,
    write,
    error: (message, fields) => write('error', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    info: (message, fields) => write('info', message, fields),
    debug: (message, fields) => write('debug', message, fields),
  }
}
