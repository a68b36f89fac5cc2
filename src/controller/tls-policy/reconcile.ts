/**
 * One look at one TLSPolicy: observe, ask the pods, decide, apply. What is remembered between two looks is only what
 * can be found out again: answers of pods, and when they were told of a bundle.
 */
import { generationAnnotation, group, version } from '../../api/names.ts'
import type { KubeClient } from '../../kube/client.ts'
import type { EventRecorder, Regarding } from '../../kube/events.ts'
import { KubeError } from '../../kube/kube-error.ts'
import type { Outcome } from '../../kube/reconciler.ts'
import { refOf } from '../../kube/resource.ts'
import type { OperatorMetrics } from '../../telemetry/operator-metrics.ts'
import type { Log } from '../../telemetry/log.ts'
import { ask, type Shake } from '../certificates/ask.ts'
import { answerKey, due, forget, matches, type Answer } from '../certificates/rollout.ts'
import { reportOf, type Report } from '../report.ts'
import type { Configurator } from '../webhook-configuration/configurator.ts'
import { carryOut, writeStatus } from './apply.ts'
import { questionsOf } from './asking.ts'
import type { Bundles } from './bundles.ts'
import { decide } from './decide.ts'
import type { Decision, PolicyEvent } from './decision.ts'
import type { Observer } from './observe.ts'
import type { Seen } from './seen.ts'
import type { Dependencies } from './triggers.ts'

export interface PolicyReconcilerOptions {
  readonly client: KubeClient
  readonly observer: Observer
  readonly bundles: Bundles
  readonly configurator: Configurator
  readonly dependencies: Dependencies
  readonly recorder: EventRecorder
  readonly shake: Shake
  /** Undefined when our own webhook answers, else why not. */
  readonly webhookTrouble: () => Promise<string | undefined>
  readonly metrics: OperatorMetrics
  readonly reports: Map<string, Report>
  readonly log: Log
  readonly now: () => number
  /** From 0 up to 1. */
  readonly random: () => number
}

interface Memory {
  readonly answers: Map<string, Answer>
  /** By a pod's uid: the generation that it was told, and since when we know. */
  readonly told: Map<string, { readonly generation: string; readonly at: number }>
  /** When the bundle that is not verified yet was first seen to differ. */
  rotating: { readonly generation: string; readonly at: number } | undefined
  /** Since when the webhook's entries are in place. */
  entriesSince: number | undefined
}

export class PolicyReconciler {
  readonly #options: PolicyReconcilerOptions
  readonly #memory = new Map<string, Memory>()

  constructor(options: PolicyReconcilerOptions) {
    this.#options = options
  }

  readonly reconcile = async (key: string, signal: AbortSignal): Promise<Outcome | void> => {
    try {
      return await this.#reconcile(key, signal)
    } catch (error) {
      if (error instanceof KubeError && error.status === 403) {
        const { namespace, name } = refOf(key)
        const note = `the operator may not do what the policy needs: ${error.message}`
        this.#say({ namespace, name }, { type: 'Warning', reason: 'PermissionDenied', note })
      }
      throw error
    }
  }

  async #reconcile(key: string, signal: AbortSignal): Promise<Outcome | void> {
    const { bundles, configurator, dependencies, reports } = this.#options
    const memory = this.#remember(key)
    const seen = await this.#look(key, memory, signal)
    if (seen === undefined) {
      await configurator.remove(key)
      dependencies.delete(key)
      bundles.forget(key)
      this.#memory.delete(key)
      reports.delete(key)
      return
    }
    await this.#ask(seen, memory, signal)
    const now = new Date(this.#options.now())
    const decision = decide(seen, now)
    await this.#apply(key, seen, decision, memory, signal)
    for (const event of decision.events) this.#say(seen.raw.metadata, event)
    this.#measure(key, seen, decision, memory)
    // What was written wakes us only if it changes what we watch; a first write is looked at again in any case.
    const wrote = decision.writes.length + decision.afterwards.length > 0
    return { requeueAfterMs: wrote ? Math.min(decision.requeueAfterMs, 300) : this.#spread(decision.requeueAfterMs) }
  }

  /** Policies that were looked at in one go, as after a start, would otherwise come together again every five minutes. */
  #spread(delayMs: number): number {
    return delayMs < reverifyMs ? delayMs : Math.max(reverifyMs, delayMs * (0.5 + this.#options.random() / 2))
  }

  #say({ namespace, name, uid }: Omit<Regarding, 'apiVersion' | 'kind'>, { type, reason, note }: PolicyEvent): void {
    const { recorder, log } = this.#options
    const regarding = { apiVersion: `${group}/${version}`, kind: 'TLSPolicy', namespace, name, uid }
    recorder.record(regarding, { type, reason, action: 'Reconcile', note })
    log.write(type === 'Warning' ? 'warn' : 'info', note, { policy: `${namespace}/${name}`, reason })
  }

  #remember(key: string): Memory {
    const known = this.#memory.get(key)
    if (known !== undefined) return known
    const memory: Memory = { answers: new Map(), told: new Map(), rotating: undefined, entriesSince: undefined }
    this.#memory.set(key, memory)
    return memory
  }

  async #look(key: string, memory: Memory, signal: AbortSignal): Promise<Seen | undefined> {
    const { observer, dependencies, webhookTrouble, now } = this.#options
    const found = await observer.observe(refOf(key), signal)
    if (found === undefined) return undefined
    dependencies.set(key, found.dependencies)
    const pods = new Set<string>()
    for (const pod of found.injected) {
      const uid = pod.metadata.uid ?? ''
      const generation = pod.metadata.annotations?.[generationAnnotation] ?? ''
      pods.add(uid)
      if (memory.told.get(uid)?.generation !== generation) memory.told.set(uid, { generation, at: now() })
    }
    for (const uid of memory.told.keys()) if (!pods.has(uid)) memory.told.delete(uid)
    return {
      ...found,
      webhook: {
        answers: (await webhookTrouble()) === undefined,
        ...(memory.entriesSince === undefined ? {} : { since: memory.entriesSince }),
      },
      answers: memory.answers,
      generationSince: new Map([...memory.told].map(([uid, { at }]) => [uid, at])),
    }
  }

  async #ask(seen: Seen, memory: Memory, signal: AbortSignal): Promise<void> {
    const { shake, now, metrics } = this.#options
    const { all, askable } = questionsOf(seen)
    forget(memory.answers, all)
    const questions = due(askable, memory.answers, now(), reverifyMs)
    // Nobody waits for those that were right the last time, but the webhook may be waiting for this thread.
    const isRoutine = questions.every((question) => matches(question, memory.answers.get(answerKey(question))))
    const pace = isRoutine ? { atOnce: 1 } : {}
    const asked = await ask(questions, memory.answers, { shake, now, signal, ...pace })
    for (const { result, durationMs } of asked) {
      metrics.probes.inc({ result })
      metrics.probeDuration.observe(durationMs / 1000)
    }
  }

  async #apply(key: string, seen: Seen, decision: Decision, memory: Memory, signal: AbortSignal): Promise<void> {
    const { client, bundles, configurator, metrics } = this.#options
    for (const write of [...decision.writes, ...decision.afterwards]) metrics.writes.inc({ what: write.do })
    const bundleVersion = await carryOut(client, seen, decision.writes, signal)
    if (bundleVersion !== undefined) bundles.wrote(key, bundleVersion)
    if (decision.entries !== undefined) memory.entriesSince = await configurator.set(key, decision.entries)
    await carryOut(client, seen, decision.afterwards, signal)
    if (decision.status === undefined) return
    if (await writeStatus(client, seen.raw, decision.status, signal)) metrics.writes.inc({ what: 'status' })
  }

  #measure(key: string, seen: Seen, decision: Decision, memory: Memory): void {
    const { metrics, reports, now } = this.#options
    const { generation } = seen.certificates
    if (generation !== undefined && !seen.own.bundleInPlace && memory.rotating?.generation !== generation) {
      memory.rotating = { generation, at: now() }
    }
    const { all } = questionsOf(seen)
    const wrong = all.filter((question) => !matches(question, seen.answers.get(answerKey(question)))).length
    if (memory.rotating !== undefined && seen.own.bundleInPlace && all.length > 0 && wrong === 0) {
      metrics.rotationDuration.observe((now() - memory.rotating.at) / 1000)
      memory.rotating = undefined
    }
    if (decision.status === undefined) return
    const enforcement = seen.policy?.spec.enforcement ?? 'Audit'
    reports.set(key, reportOf(enforcement, decision.status, wrong))
  }
}

/** A right answer holds for so long at least; the next look, at which it is due, comes within twice that. */
const reverifyMs = 150_000
