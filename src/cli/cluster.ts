/** The cluster that the options of a command say, or a sentence about why it cannot be known. */
import { connect, type KubeClient } from '../kube/client.ts'
import { UsageError } from './options.ts'

/** Throws UsageError where the kubeconfig is not one. */
export function connectTo({
  kubeconfig,
  context,
}: {
  readonly kubeconfig: string | undefined
  readonly context: string | undefined
}): KubeClient {
  try {
    return connect({ kubeconfig, context })
  } catch (error) {
    const file = kubeconfig === undefined ? 'the kubeconfig' : `--kubeconfig ${kubeconfig}`
    throw new UsageError(trouble(file, error))
  }
}

function trouble(file: string, error: unknown): string {
  const { code, name, message } = error as NodeJS.ErrnoException // all that is thrown there is an Error
  if (code !== undefined) return `${file} cannot be read: ${code}`
  // The YAML parser quotes the lines around, and a token may stand there.
  return name === 'YAMLException' ? `${file} is not YAML` : `${file}: ${message}`
}
