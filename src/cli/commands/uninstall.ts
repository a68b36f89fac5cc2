import { forceDeleteAnnotation } from '../../api/names.ts'
import { configurationNames } from '../../controller/webhook-configuration/configuration.ts'
import type { KubeClient } from '../../kube/client.ts'
import { isNotFound } from '../../kube/kube-error.ts'
import { pause } from '../../kube/pause.ts'
import { keyOf, resources, type KubeObject } from '../../kube/resource.ts'
import type { Command, Surroundings } from '../command.ts'
import { connectTo } from '../cluster.ts'
import { defineCommand } from '../command.ts'
import * as option from '../options.ts'

const description = `Deletes every TLSPolicy, waits until the operator has brought their pods back as they were, and removes
the webhook configuration. What "helm uninstall" runs first; without Helm, run it before deleting the operator.`

export const command: Command = defineCommand({
  name: 'uninstall',
  summary: 'bring all pods back as they were, before the operator goes',
  description,
  options: {
    kubeconfig: option.optionalText('FILE', "default $KUBECONFIG, ~/.kube/config, or the pod's service account"),
    context: option.optionalText('NAME', 'context of the kubeconfig'),
    timeout: option.duration(240_000, 'how long the pods may take'),
  },
  async run({ kubeconfig, context, timeout }, surroundings) {
    const client = connectTo({ kubeconfig, context })
    try {
      return await uninstall(client, timeout, surroundings)
    } finally {
      client.close()
    }
  },
})

/** Exit code 0 once nothing of a policy is left; 1, and the names of what is left, when that took too long. */
export async function uninstall(
  client: KubeClient,
  timeoutMs: number,
  { out, error, stop }: Pick<Surroundings, 'out' | 'error' | 'stop'>,
): Promise<number> {
  const end = performance.now() + timeoutMs
  for (const policy of await policies(client, stop)) {
    const { namespace, name } = policy.metadata
    out(`deleting the TLSPolicy ${keyOf(policy)}\n`)
    await client.delete(resources.tlsPolicies, { namespace, name }, { signal: stop })
  }
  for (;;) {
    const left = await policies(client, stop)
    if (left.length === 0) break
    if (performance.now() >= end || stop.aborted) {
      error(
        `still there: ${left.map(keyOf).join(', ')}. The operator takes a policy away once its pods are as they were;` +
          ` its log and the policy's conditions say what it waits for. To give up on the pods, annotate the policy:` +
          ` kubectl annotate tlspolicies.tls.chitin.dev NAME ${forceDeleteAnnotation}=true\n`,
      )
      return 1
    }
    await pause(500, stop)
  }
  const gone = configurationNames.map(async (name) =>
    client.delete(resources.mutatingWebhookConfigurations, { name }, { signal: stop }),
  )
  if ((await Promise.all(gone)).includes(true)) out('removed the webhook configuration\n')
  out('no pod depends on Chitin any more\n')
  return 0
}

async function policies(client: KubeClient, signal: AbortSignal): Promise<readonly KubeObject[]> {
  try {
    return (await client.list(resources.tlsPolicies, { signal })).items
  } catch (error) {
    // Somebody deleted the CustomResourceDefinition already, and with it every policy.
    if (isNotFound(error)) return []
    throw error
  }
}
