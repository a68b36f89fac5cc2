/** A resource.Quantity (`100m`, `96Mi`, `1.5`, `2e3`) as a number; undefined where the text is none. Negative ones are refused. */
export function parseQuantity(text: string): number | undefined {
  const match = new RegExp(quantityPattern).exec(text)
  if (match === null) return undefined
  const [, digits = '', suffix = ''] = match
  if (/^[eE]/.test(suffix)) return Number(`${digits}${suffix}`)
  return Number(digits) * (multiples[suffix] ?? 1)
}

/** The same pattern stands in the CRD. */
export const quantityPattern = '^([0-9]{1,15}(?:\\.[0-9]{1,9})?)(|m|k|M|G|T|Ki|Mi|Gi|Ti|[eE][0-9]{1,2})$'

const multiples: Readonly<Record<string, number>> = {
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
}
