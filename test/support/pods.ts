import type { Container, Pod } from '../../src/api/pod.ts'
import type { InjectionPlan } from '../../src/inject/plan.ts'

/** A pod of ingress-nginx, as its chart makes it, in short. */
export function ingressNginxPod(change: { spec?: Partial<Pod['spec']>; container?: Partial<Container> } = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'ingress-nginx-controller-1', namespace: 'ingress-nginx', labels: { app: 'ingress-nginx' } },
    spec: {
      containers: [
        {
          name: 'controller',
          image: 'registry.k8s.io/ingress-nginx/controller:v1.12.1',
          args: [
            '/nginx-ingress-controller',
            '--election-id=ingress-nginx-leader',
            '--controller-class=k8s.io/ingress-nginx',
            '--ingress-class=nginx',
            '--configmap=$(POD_NAMESPACE)/ingress-nginx-controller',
          ],
          env: [{ name: 'POD_NAMESPACE', valueFrom: { fieldRef: { fieldPath: 'metadata.namespace' } } }],
          ports: [
            { name: 'http', containerPort: 80, protocol: 'TCP' },
            { name: 'https', containerPort: 443, protocol: 'TCP' },
            { name: 'webhook', containerPort: 8443, protocol: 'TCP' },
          ],
          readinessProbe: { httpGet: { path: '/healthz', port: 10254 } },
          ...change.container,
        },
      ],
      ...change.spec,
    },
  }
}

/** A plan for that pod. */
export function ingressNginxPlan(change: Partial<InjectionPlan> = {}): InjectionPlan {
  return {
    policy: 'ingress-nginx/edge',
    container: 'controller',
    image: 'registry.example.com/chitin:1',
    bundleSecret: 'chitin-edge-bundle',
    listeners: [
      { port: 80, tls: false },
      { port: 443, tls: true },
    ],
    upstreamPort: 15080,
    sendProxyProtocol: true,
    acceptProxyProtocol: false,
    flags: { 'http-port': '15080', 'https-port': '15443', configmap: 'ingress-nginx/chitin-edge-nginx' },
    resources: { requests: { cpu: '100m', memory: '96Mi' }, limits: { memory: '256Mi' } },
    drainMs: 30_000,
    ...change,
  }
}
