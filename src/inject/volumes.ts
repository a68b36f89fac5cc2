import { bundleVolume, generationAnnotation, podInfoVolume } from '../api/names.ts'
import type { Volume } from '../api/pod.ts'
import type { InjectionPlan } from './plan.ts'

/** The file in the pod-info volume that names the generation to serve. */
export const generationFile = 'generation'

/** The volumes that the sidecar reads. */
export function volumes(plan: InjectionPlan): Volume[] {
  return [
    {
      name: bundleVolume,
      secret: {
        secretName: plan.bundleSecret,
        // A pod must start even while the bundle is not there yet: port 80 answers ACME challenges, and may be what the
        // first certificate is waiting for. The sidecar says by /readyz that it has none.
        optional: true,
        // Readable for the sidecar's uid; the volume is mounted into no other container.
        defaultMode: 0o444,
      },
    },
    {
      name: podInfoVolume,
      downwardAPI: {
        defaultMode: 0o444,
        items: [{ path: generationFile, fieldRef: { fieldPath: `metadata.annotations['${generationAnnotation}']` } }],
      },
    },
  ]
}
