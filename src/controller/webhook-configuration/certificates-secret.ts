/** The Secret in which all replicas keep, and find, the webhook's certificates. */
import { isAlreadyExists, isConflict } from '../../kube/kube-error.ts'
import type { KubeClient } from '../../kube/client.ts'
import { resources, type KubeObject } from '../../kube/resource.ts'
import {
  createCertificates,
  fromSecretData,
  renewCertificates,
  toSecretData,
  type ServingCertificates,
} from './authority.ts'

export const certificatesSecretName = 'chitin-webhook-certificates'

/**
 * The certificates to serve: those in the Secret, made or renewed first where that is due. Of two replicas that do so at
 * once, one writes, and the other takes what the first wrote.
 */
export async function ensureCertificates(
  client: KubeClient,
  namespace: string,
  names: readonly string[],
  now: Date,
): Promise<ServingCertificates> {
  const ref = { namespace, name: certificatesSecretName }
  for (let attempt = 0; attempt < 5; attempt++) {
    const found = await client.find<KubeObject & { data?: Record<string, string> }>(resources.secrets, ref)
    const current = fromSecretData(found?.data)
    const wanted =
      current === undefined ? await createCertificates(names, now) : await renewCertificates(current, names, now)
    if (wanted === current) return current
    const data = toSecretData(wanted)
    try {
      if (found === undefined) {
        const labels = { 'app.kubernetes.io/managed-by': 'chitin' }
        await client.create(resources.secrets, { metadata: { ...ref, labels }, type: 'Opaque', data } as object & {
          metadata: typeof ref
        })
        return wanted
      }
      // The version makes the write conditional: what another replica wrote meanwhile is not overwritten.
      const { resourceVersion } = found.metadata
      await client.patch(resources.secrets, ref, { metadata: { resourceVersion }, data })
      return wanted
    } catch (error) {
      if (!isConflict(error) && !isAlreadyExists(error)) throw error
    }
  }
  throw new Error(`the Secret ${namespace}/${certificatesSecretName} was changed by somebody else five times in a row`)
}
