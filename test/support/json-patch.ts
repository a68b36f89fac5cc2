import type { PatchOperation } from '../../src/api/admission.ts'

/** Applies a JSON Patch the plain way (RFC 6902 §4), so that a test can see what the API server would make of it. */
export function applyPatch(document: unknown, patch: readonly PatchOperation[]): unknown {
  let out = structuredClone(document)
  for (const operation of patch) {
    const path = operation.path
      .split('/')
      .slice(1)
      .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    const last = path.pop()
    if (last === undefined) {
      if (operation.op === 'remove') throw new Error('the whole document cannot be removed')
      out = operation.value
      continue
    }
    let at = out as Record<string, unknown>
    for (const part of path) {
      if (!(part in at)) throw new Error(`${operation.path}: there is no ${part}`)
      at = at[part] as Record<string, unknown>
    }
    if (Array.isArray(at)) applyToList(at, last, operation)
    else applyToMap(at, last, operation)
  }
  return out
}

function applyToList(list: unknown[], key: string, operation: PatchOperation): void {
  const index = key === '-' ? list.length : Number(key)
  if (index > list.length || (operation.op !== 'add' && index >= list.length)) throw new Error(`no item ${key}`)
  if (operation.op === 'add') list.splice(index, 0, operation.value)
  else if (operation.op === 'replace') list[index] = operation.value
  else list.splice(index, 1)
}

function applyToMap(map: Record<string, unknown>, key: string, operation: PatchOperation): void {
  if (operation.op !== 'add' && !(key in map)) throw new Error(`no key ${key}`)
  if (operation.op === 'remove') delete map[key]
  else map[key] = operation.value
}
