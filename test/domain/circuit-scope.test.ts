import { expect, test } from 'vitest';
import { circuitKeyOf, circuitKeysOf, openForOf } from '../../workflows/domain/circuit-scope.ts';
import type { ModelFailure } from '../../workflows/domain/model-failure.ts';
import { aDeployment, aFailure } from '../support/builders.ts';

const TARGET = { deployment: aDeployment({ endpoint: 'azure-a', boundary: 'azure:resource:eastus2:gpt-6' }), site: 'a.example' };

test.each([
  [{ scope: 'request' }, undefined],
  [{ scope: 'transcript' }, undefined],
  [{ scope: 'deployment' }, 'deployment:azure-a/gpt-6.1-sol'],
  [{ scope: 'model' }, 'model:azure:gpt-6.1-sol'],
  [{ scope: 'account' }, 'account:azure:resource'],
  [{ scope: 'cloud' }, 'cloud:a.example'],
  [{ scope: 'credential', kind: 'authentication', phase: 'headers' }, 'credential:azure-a'],
  [{ scope: 'credential', kind: 'authentication', phase: 'resolve' }, 'token:azure-a'],
] as const satisfies readonly (readonly [Partial<ModelFailure>, string | undefined])[])(
  'a failure %o speaks of %s',
  (failure, key) => {
    expect(circuitKeyOf(aFailure(failure), TARGET)).toBe(key);
    expect(key === undefined || circuitKeysOf(TARGET).includes(key)).toBe(true);
  },
);

test('what a person must put right is looked at later than what comes back by itself', () => {
  const first = [
    openForOf('unreachable', 'cloud:a'),
    openForOf('authentication', 'token:a'),
    openForOf('authentication', 'credential:a'),
    openForOf('not-found', 'deployment:a'),
    openForOf('quota-exhausted', 'account:a'),
  ].map(({ firstMs }) => firstMs / 1_000);

  expect(first).toEqual([15, 15, 60, 300, 900]);
});
