import { Fields } from './fields.ts'
import { isDnsSubdomain, optional, refuseDuplicates, required, secretRef, textItem } from './policy-fields.ts'

/** `spec.certificates` of a policy: which Secrets serve which hosts. */
export interface CertificatesSpec {
  /** Take the Secrets that the Ingresses of the class name in spec.tls. */
  readonly fromIngress: boolean
  /** Explicit hosts; they win over what an Ingress says. Secrets are in the policy's namespace. */
  readonly hosts: readonly {
    readonly hosts: readonly string[]
    readonly secretRefs: readonly { readonly name: string }[]
  }[]
  readonly defaultSecretRef?: { readonly name: string }
  readonly unknownSNI: 'Reject' | 'ServeDefault'
}

/** Reads it, with its defaults. */
export function parseCertificates(from: Fields): CertificatesSpec {
  const hosts = from.list('hosts', 0, 256, (item, path) => parseHost(new Fields(item, path, from.problems))) ?? []
  refuseDuplicates(
    from,
    from.at('hosts'),
    hosts.flatMap((entry) => entry.hosts),
  )
  const parsed = {
    fromIngress: from.boolean('fromIngress') ?? true,
    hosts,
    ...optional('defaultSecretRef', secretRef(from, 'defaultSecretRef')),
    unknownSNI: from.oneOf('unknownSNI', ['Reject', 'ServeDefault']) ?? 'Reject',
  } as const
  from.end()
  return parsed
}

function parseHost(from: Fields): CertificatesSpec['hosts'][number] {
  const hosts = from.list('hosts', 1, 64, (item, path) => textItem(from, item, path, hostExpected, isHostPattern))
  const secretRefs = from.list('secretRefs', 1, 3, (item, path) => {
    const ref = new Fields(item, path, from.problems)
    const name = required(ref, 'name', ref.text('name', 'the name of a Secret', isDnsSubdomain))
    ref.end()
    return { name }
  })
  if (!from.has('hosts')) from.refuse(from.at('hosts'), undefined, 'a list of 1 to 64')
  if (!from.has('secretRefs')) from.refuse(from.at('secretRefs'), undefined, 'a list of 1 to 3')
  const names = (secretRefs ?? []).map(({ name }) => name)
  refuseDuplicates(from, from.at('secretRefs'), names)
  from.end()
  return { hosts: hosts ?? [], secretRefs: secretRefs ?? [] }
}

function isHostPattern(text: string): boolean {
  return isDnsSubdomain(text.startsWith('*.') ? text.slice(2) : text)
}

const hostExpected = 'a DNS name in lower case, or *. and one'
