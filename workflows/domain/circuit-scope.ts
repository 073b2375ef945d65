/** Which circuits stand before a deployment, and which one a failure speaks of. */
import type { FailureClass } from './failure-class.ts';
import type { OpenFor } from './circuit.ts';
import type { ModelFailure } from './model-failure.ts';
import type { Deployment } from './route.ts';

/** A deployment as its circuits know it. */
export interface CircuitTarget {
  readonly deployment: Deployment;
  /** The host that is called, or another name of what fails as a whole: the cloud's region. */
  readonly site: string;
}

/** One for each scope of failure, and one for getting a token, which may fail while calls with the old one go on. */
export function circuitKeysOf({ deployment, site }: CircuitTarget): readonly string[] {
  const { id, endpoint, cloud } = deployment;
  return [
    `deployment:${id}`,
    `credential:${endpoint}`,
    `token:${endpoint}`,
    `account:${cloud}:${accountOf(deployment)}`,
    modelKeyOf(deployment),
    `cloud:${site}`,
  ];
}

/** The circuit of a failure's scope; what is said of a request or a transcript alone touches none. */
export function circuitKeyOf(failure: ModelFailure, { deployment, site }: CircuitTarget): string | undefined {
  const { id, endpoint, cloud } = deployment;
  switch (failure.scope) {
    case 'request':
    case 'transcript':
      return undefined;
    case 'credential':
      return failure.kind === 'authentication' && failure.phase === 'resolve' ? `token:${endpoint}` : `credential:${endpoint}`;
    case 'deployment':
      return `deployment:${id}`;
    case 'model':
      return modelKeyOf(deployment);
    case 'account':
      return `account:${cloud}:${accountOf(deployment)}`;
    case 'cloud':
      return `cloud:${site}`;
  }
}

/** Where a surge of refused requests is counted, whatever scope each of them names. */
export function modelKeyOf({ cloud, model }: Deployment): string {
  return `model:${cloud}:${model}`;
}

/** The first word of a key, for messages. */
export function scopeWordOf(key: string): string {
  return key.slice(0, key.indexOf(':'));
}

/** The second part of a boundary: `<cloud>:<account>:<region>:<family>`. */
function accountOf({ boundary }: Deployment): string {
  return boundary.split(':')[1] ?? boundary;
}

const USUAL: OpenFor = { firstMs: 15_000, longestMs: 300_000 };

/**
 * What a person must put right is looked at rarely; a token service and a cloud come back by themselves. A rotated key works again
 * within five minutes, without a restart.
 */
export function openForOf(failureClass: FailureClass, key: string): OpenFor {
  if (failureClass === 'quota-exhausted') return { firstMs: 15 * 60_000, longestMs: 60 * 60_000 };
  if (failureClass === 'not-found') return { firstMs: 5 * 60_000, longestMs: 60 * 60_000 };
  if (failureClass === 'authentication' && !key.startsWith('token:')) return { firstMs: 60_000, longestMs: 300_000 };
  return USUAL;
}
