import { ApplicationFailure } from '@temporalio/common';
import { expect, test } from 'vitest';
import { ModelFailureError } from '../../activities/clouds/cloud-client.ts';
import { toActivityFailure, toApplicationFailure } from '../../activities/failures.ts';
import { TaskStoreError } from '../../activities/store/task-store.ts';
import type { ModelFailure } from '../../workflows/domain/model-failure.ts';

const FAILURE: ModelFailure = {
  kind: 'rate-limited',
  phase: 'headers',
  acceptance: 'not-accepted',
  scope: 'deployment',
  status: 429,
};

test('a model failure is data in the details of a failure that Temporal does not retry', () => {
  expect(toApplicationFailure(FAILURE)).toMatchObject({
    type: 'ModelFailure.RateLimited',
    message: 'rate-limited: 429',
    nonRetryable: true,
    details: [FAILURE],
  });
  expect(toActivityFailure(new ModelFailureError(FAILURE))).toEqual(toApplicationFailure(FAILURE));
});

test('a store that cannot be used is retried', () => {
  const failure = toActivityFailure(new TaskStoreError('the store is locked'));

  expect(failure).toBeInstanceOf(ApplicationFailure);
  expect(failure).toMatchObject({
    type: 'TaskStore',
    message: 'the store is locked',
    nonRetryable: false,
  });
});

test('any other error stays as it is', () => {
  const error = new TypeError('a bug');

  expect(toActivityFailure(error)).toBe(error);
});
