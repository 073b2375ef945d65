import { expect, test } from 'vitest';
import { whyEnded } from '../../activities/managed-agents/why-ended.ts';
import type { ModelFailure } from '../../workflows/domain/model-failure.ts';

test.each([
  ['not-found', 'session not found', 'session lost'],
  ['context-overflow', 'context_length_exceeded', 'session full'],
  ['context-overflow', undefined, 'session full'],
  ['context-overflow', 'max_output_tokens', undefined],
  ['context-overflow', 'MAX_TOKENS', undefined],
  ['overloaded', 'server_overloaded', undefined],
  ['invalid-request', 'invalid_request', undefined],
] as const)('a session that fails with %s (%s) has ended as: %s', (kind, code, ended) => {
  const failure: ModelFailure = { kind, phase: 'terminal', acceptance: 'accepted', scope: 'request' };

  expect(whyEnded(code === undefined ? failure : { ...failure, code })).toBe(ended);
});

test('what a turn looked for and did not find is not the session', () => {
  const failure: ModelFailure = { kind: 'not-found', phase: 'terminal', acceptance: 'accepted', scope: 'deployment' };

  expect(whyEnded(failure)).toBeUndefined();
});

test('a session that does not take what it waited for has ended, too', () => {
  const failure: ModelFailure = { kind: 'invalid-request', phase: 'headers', acceptance: 'not-accepted', scope: 'request' };

  expect(whyEnded(failure)).toBe('session out of step');
});
