import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { run } from '../../controller/run.ts'
import { loadCrypto } from '../../crypto/load.ts'
import { createLog } from '../../telemetry/log.ts'
import { connectTo } from '../cluster.ts'
import type { Command } from '../command.ts'
import { defineCommand } from '../command.ts'
import * as option from '../options.ts'

const description = `Runs the controller (on the replica that holds the Lease) and the admission webhook (on every replica).`

export const command: Command = defineCommand({
  name: 'operator',
  summary: 'reconcile TLSPolicies, and put the sidecar into pods by webhook',
  description,
  options: {
    namespace: option.optionalText('NAME', "the operator's own namespace; default: that of its service account"),
    podName: option.optionalText('NAME', 'name of this replica; default: the host name'),
    image: option.requiredText('IMAGE', 'image of the sidecar, for policies that name none'),
    webhookService: option.text('NAME', 'chitin-webhook', 'Service in front of the webhook'),
    webhookUrl: option.optionalText('URL', 'where the API server finds the webhook, instead of the Service'),
    listen: option.optionalEndpoint('serve the webhook here; default 9443'),
    admin: option.optionalEndpoint('serve /livez, /readyz and /metrics here; default 15900'),
    leaderElect: option.choice(['true', 'false'], 'true', 'reconcile only while holding the Lease'),
    linger: option.duration(5000, 'how long the webhook goes on answering after SIGTERM'),
    crypto: option.choice(['wasm', 'noble', 'native'], 'wasm', 'whose primitives check certificates'),
    kubeconfig: option.optionalText('FILE', "default $KUBECONFIG, ~/.kube/config, or the pod's service account"),
    context: option.optionalText('NAME', 'context of the kubeconfig'),
    logLevel: option.choice(['error', 'warn', 'info', 'debug'], 'info', 'what is logged'),
  },
  async run(options, { stop }) {
    const log = createLog(options.logLevel)
    const client = connectTo(options)
    try {
      const ending = await run(
        {
          client,
          namespace: options.namespace ?? client.namespace ?? 'chitin-system',
          identity: `${options.podName ?? hostname()}_${randomUUID()}`,
          service: options.webhookService,
          webhook: options.listen ?? { port: 9443 },
          webhookUrl: options.webhookUrl,
          admin: options.admin ?? { host: undefined, port: 15900 },
          sidecarImage: options.image,
          leaderElect: options.leaderElect === 'true',
          crypto: await loadCrypto(options.crypto),
          log,
          lingerMs: options.linger,
        },
        stop,
      )
      // Another replica leads now: only the end of this process makes sure that there are not two.
      return ending === 'lost' ? 1 : 0
    } finally {
      client.close()
    }
  },
})
