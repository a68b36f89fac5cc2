import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Container } from '../../src/api/pod.ts'
import { commandLine, isShellScript } from '../../src/nginx/command-line.ts'

test('fills in variables as the kubelet does', () => {
  const container: Container = {
    name: 'a',
    command: ['/start', '$(A)-$(NS)', '$$(A)', '$(UNKNOWN)'],
    env: [
      { name: 'A', value: 'old' },
      { name: 'A', value: 'x' },
      { name: 'NS', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } },
      { name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
    ],
    args: ['$(IP)'],
  }
  assert.deepEqual(commandLine(container, 'edge').items, ['/start', 'x-edge', '$(A)', '$(UNKNOWN)', '$(IP)'])
})

test('reads a flag in both its forms; the last one counts', () => {
  const line = commandLine({ name: 'a', command: ['--a=1', '--b', '2', '--c', '--d='], args: ['--a=3', '--e'] }, 'n')
  assert.deepEqual(
    ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => line.flag(name)),
    ['3', '2', true, '', true, undefined],
  )
})

test('knows a shell script when it sees one', () => {
  assert.deepEqual(
    [
      isScript('sh', '-c', 'exec x'),
      isScript('/bin/bash', '-ec', 'x'),
      isScript('/usr/bin/dumb-init', '--', '/bin/sh', '-c', 'x'),
      isScript('/start.sh', '--configmap=c'),
      isScript('sh', '/start.sh'),
    ],
    [true, true, true, false, false],
  )
})

function isScript(...command: string[]): boolean {
  return isShellScript({ name: 'a', command })
}
