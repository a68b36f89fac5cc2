/** Order of code units, which is the same in every locale: equal input has to give equal bundles. */
export function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
