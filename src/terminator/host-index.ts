import { wildcardOf } from '../x509/host-name.ts'

/**
 * Finds what belongs to a server name: the entry that has the very name, else the one with the wildcard that covers it
 * (RFC 9525 §6.3: one label). The operator puts those that win first.
 */
export function hostIndex<Entry extends { readonly names: readonly string[] }>(
  entries: readonly Entry[],
): (serverName: string | undefined) => Entry | undefined {
  const byName = new Map<string, Entry>()
  for (const entry of entries) for (const name of entry.names) if (!byName.has(name)) byName.set(name, entry)
  return (serverName) =>
    serverName === undefined ? undefined : (byName.get(serverName) ?? byName.get(wildcardOf(serverName) ?? ''))
}
