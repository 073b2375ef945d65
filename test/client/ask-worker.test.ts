import { ServiceError } from '@temporalio/client';
import { describe, expect, it } from 'vitest';
import { toClientError } from '../../client/ask-worker.ts';

describe('toClientError', () => {
  it.each([
    ['a deadline that the client saw first', 1, 'no-worker'],
    ['a deadline that passed', 4, 'no-worker'],
    ['a queue without pollers', 9, 'no-worker'],
    ['a server that is gone', 14, 'no-server'],
  ])('takes %s (gRPC code %i) for %s', (_, code, problem) => {
    expect(toClientError(failedCall(code), 'task t')).toMatchObject({
      problem,
      message: expect.stringContaining('task t'),
    });
  });

  it('leaves what it does not know as it is', () => {
    const error = failedCall(13);

    expect(toClientError(error, 'task t')).toBe(error);
  });
});

function failedCall(code: number): ServiceError {
  const cause = Object.assign(new Error('failed'), { code, details: '', metadata: {} });
  return new ServiceError('Failed to query Workflow', { cause });
}
