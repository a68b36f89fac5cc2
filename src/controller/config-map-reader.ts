/** Content of ConfigMaps by name: fetched once for each version that the metadata-only cache knows of. */
import type { ConfigMap } from '../api/config-map.ts'
import type { KubeClient } from '../kube/client.ts'
import { keyFor, resources, type ObjectRef } from '../kube/resource.ts'
import { keptContent } from './kept.ts'
import type { Live, World } from './world.ts'

export class ConfigMapReader {
  readonly #client: KubeClient
  readonly #world: World
  readonly #kept = new Map<string, Live<ConfigMap>>()

  constructor(client: KubeClient, world: World) {
    this.#client = client
    this.#world = world
  }

  readonly read = async (ref: ObjectRef): Promise<Live<ConfigMap> | undefined> => {
    const key = keyFor(ref)
    const version = this.#world.configMaps.get(key)?.metadata.resourceVersion
    const kept = this.#kept.get(key)
    if (version !== undefined && kept?.metadata.resourceVersion === version) return kept
    const found = await this.#client.find<Live<ConfigMap>>(resources.configMaps, ref)
    if (found === undefined) {
      this.#kept.delete(key)
      return undefined
    }
    const { data, binaryData } = found
    const content = { ...(data === undefined ? {} : { data }), ...(binaryData === undefined ? {} : { binaryData }) }
    const slim = { metadata: keptContent(found).metadata, ...content }
    this.#kept.set(key, slim)
    return slim
  }
}
