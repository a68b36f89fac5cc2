import type { Container } from '../api/pod.ts'

/** What can be read from the command line of a container. */
export interface CommandLine {
  /** All items, `command` before `args`, with $(NAME) replaced by the container's environment. */
  readonly items: readonly string[]
  /** The value of a flag: the last one counts. `true` for a flag that stands alone. */
  flag(name: string): string | true | undefined
}

/**
 * The command line as nginx will see it. `namespace` is what `metadata.namespace` of the downward API gives. A variable
 * whose value cannot be known here stays as `$(NAME)`, as the kubelet leaves one that it does not know.
 */
export function commandLine(container: Container, namespace: string): CommandLine {
  const items = [...(container.command ?? []), ...(container.args ?? [])].map((item) =>
    item.replaceAll(/\$\$|\$\(([^)]*)\)/g, (whole, name?: string) => {
      if (name === undefined) return '$'
      return variable(container, name, namespace) ?? whole
    }),
  )
  return {
    items,
    flag(name) {
      const at = items.findLastIndex((item) => item === `--${name}` || item.startsWith(`--${name}=`))
      const item = items[at]
      if (item === undefined) return undefined
      if (item !== `--${name}`) return item.slice(name.length + 3)
      const next = items[at + 1]
      return next === undefined || next.startsWith('-') ? true : next
    },
  }
}

/** Whether the program is started by a shell's `-c`, where flags are text inside a script. */
export function isShellScript(container: Container): boolean {
  const items = [...(container.command ?? []), ...(container.args ?? [])]
  const shell = items.findIndex((item) => /(^|\/)(sh|bash|ash|dash|zsh)$/.test(item))
  return shell >= 0 && items.slice(shell + 1).some((item) => /^-[a-z]*c$/.test(item))
}

function variable(container: Container, name: string, namespace: string): string | undefined {
  const entry = container.env?.findLast((one) => one.name === name)
  if (entry?.value !== undefined) return entry.value
  const field = (entry?.valueFrom?.['fieldRef'] as { fieldPath?: string } | undefined)?.fieldPath
  return field === 'metadata.namespace' ? namespace : undefined
}
