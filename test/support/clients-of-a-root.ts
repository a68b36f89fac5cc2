/** Clients with certificates, and their authorities: Ann from the root, Bob from below it, Eve from another of its name. */
import { parsePem } from '../../src/x509/pem.ts'
import { issue, type Issued } from './openssl.ts'

export const root: Issued = authority('/CN=Root')
export const middle: Issued = authority('/CN=Middle', root)
export const ann: Issued = client('/CN=ann', root)
export const bob: Issued = client('/CN=bob', middle)
export const eve: Issued = client('/CN=eve', authority('/CN=Root'))

/** An authority by `issuer`, or by itself. */
function authority(subject: string, issuer?: Issued): Issued {
  return issue({
    subject,
    extensions: ['basicConstraints=critical,CA:true'],
    ...(issuer === undefined ? {} : { issuer }),
  })
}

export function client(subject: string, issuer: Issued): Issued {
  return issue({ subject, issuer, extensions: ['basicConstraints=critical,CA:false', 'extendedKeyUsage=clientAuth'] })
}

export function der({ certificate }: Issued): Uint8Array {
  return parsePem(certificate)[0]?.der ?? new Uint8Array()
}
