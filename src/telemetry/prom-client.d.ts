/** Each of prom-client's default metrics is a file of its own, for which it has no types. */
declare module 'prom-client/lib/metrics/*' {
  import type { Registry } from 'prom-client'
  const collect: (registry: Registry) => void
  export default collect
}
