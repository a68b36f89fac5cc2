/** The same work, but never more than so many at once, whoever asks: the others wait for their turn, in order. */
export function limited<Arguments extends readonly unknown[], Result>(
  work: (...args: Arguments) => Promise<Result>,
  most: number,
): (...args: Arguments) => Promise<Result> {
  let underWay = 0
  const waiting: (() => void)[] = []
  return async (...args) => {
    if (underWay < most) underWay++
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await work(...args)
    } finally {
      const next = waiting.shift()
      if (next === undefined) underWay--
      else next()
    }
  }
}
