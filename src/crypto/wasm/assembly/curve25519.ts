/** Curve25519's kernel: X25519, Ed25519, and the one table of multiples that both use. */
export { COMB as comb } from 'curve/field'
export { publicKey, sharedSecret } from './x25519'
export { commit, respond, verify, verifyingKey } from './ed25519'
export { KEY as key, R as r, S as s, SCALAR as scalar, SEED as seed, X as x } from './layout'
