import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Linked } from '../../src/terminator/idle-list.ts'
import { IdleList } from '../../src/terminator/idle-list.ts'

interface Item extends Linked<Item> {
  readonly name: string
}
const item = (name: string): Item => ({ name, earlier: undefined, later: undefined })
const names = (list: IdleList<Item>): string => [...list].map(({ name }) => name).join('')

test('keeps items from the longest idle to the latest active', () => {
  const list = new IdleList<Item>()
  const [a, b, c] = [item('a'), item('b'), item('c')]
  assert.equal(list.longestIdle, undefined)
  for (const each of [a, b, c]) list.add(each)
  assert.equal(names(list), 'abc')
  list.touch(a)
  assert.equal(names(list), 'bca')
  list.touch(a)
  list.touch(c)
  assert.equal(names(list), 'bac')
  list.remove(a)
  assert.equal(names(list), 'bc')
  assert.equal(list.longestIdle, b)
  list.remove(b)
  list.remove(c)
  assert.equal(list.size, 0)
  assert.equal(list.longestIdle, undefined)
})

test('may lose the item that is looked at', () => {
  const list = new IdleList<Item>()
  for (const name of 'abc') list.add(item(name))
  for (const each of list) list.remove(each)
  assert.equal(list.size, 0)
})
