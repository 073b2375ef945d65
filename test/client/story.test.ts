import { describe, expect, it } from 'vitest';
import { formatCost, tellEvent } from '../../client/story.ts';
import type { TaskEventBody } from '../../workflows/domain/task-status.ts';
import { NO_USAGE } from '../../workflows/domain/usage.ts';
import { deploymentAt } from '../support/builders.ts';

const deployment = deploymentAt('azure-eastus2');
const turn = 3;

describe('tellEvent', () => {
  it.each<[TaskEventBody, string]>([
    [
      { kind: 'route-planned', model: 'm', deployments: [deployment, deploymentAt('aws-us-east-1')] },
      'route    m at azure-eastus2, then aws-us-east-1',
    ],
    [{ kind: 'attempt-started', turn, attempt: 1, deployment }, 'turn 3   azure-eastus2 is asked'],
    [
      { kind: 'attempt-started', turn, attempt: 2, deployment, reason: 'failover: overloaded: 503' },
      'turn 3   azure-eastus2 is asked (failover: overloaded: 503)',
    ],
    [
      { kind: 'attempt-failed', turn, attempt: 1, deployment, failure: 'timeout (sent)' },
      'turn 3   azure-eastus2 failed: timeout (sent)',
    ],
    [
      { kind: 'waiting', turn, untilMs: 3_723_000, reason: 'rate-limited: 429' },
      'turn 3   waits until 01:02:03 UTC: rate-limited: 429',
    ],
    [
      {
        kind: 'turn-answered',
        turn,
        deployment,
        excerpt: 'I see',
        toolCalls: 1,
        usage: { ...NO_USAGE, outputTokens: 5 },
        costUsdMicros: 50_000,
      },
      'turn 3   azure-eastus2 answered (5 tokens, 1 tool call, $0.0500): I see',
    ],
    [
      { kind: 'budget-used-up', turn, exceeded: [{ kind: 'turns', limit: 2, spent: 2, next: 1 }] },
      'turn 3   paused: the budget of turns is used up: 2 of 2 spent; the next step may take 1',
    ],
    [{ kind: 'budget-raised', budget: { costUsd: 2, turns: 4 } }, 'budget   raised: $2.0000 · 4 turns'],
    [{ kind: 'tool-ended', turn, callId: 'c', tool: 'read_file', outcome: 'ok' }, 'turn 3     read_file: ok'],
    [
      { kind: 'tool-ended', turn, callId: 'c', tool: 'rm', outcome: 'refused', why: 'There is no tool "rm".' },
      'turn 3     rm: refused (There is no tool "rm".)',
    ],
    [{ kind: 'check-started', command: 'npm test' }, 'check    npm test'],
    [{ kind: 'check-ended', outcome: 'passed', exitCode: 0 }, 'check    passed'],
    [{ kind: 'check-ended', outcome: 'failed', exitCode: 2 }, 'check    failed (exit code 2)'],
    [{ kind: 'check-ended', outcome: 'not-run', reason: 'the task was cancelled' }, 'check    not run (the task was cancelled)'],
    [{ kind: 'task-ended', state: 'failed', reason: 'no cloud is left' }, 'end      failed: no cloud is left'],
  ])('tells %j', (event, words) => {
    expect(tellEvent({ sequence: 1, atMs: 0, ...event })).toBe(words);
  });

  it('is one printable line whatever a model said', () => {
    const excerpt = `rm\n-rf \u001b[31m\u202e${'x'.repeat(500)}`;

    const told = tellEvent({
      sequence: 1,
      atMs: 0,
      kind: 'tool-started',
      turn,
      callId: 'c',
      tool: 'exec_command',
      excerpt,
    });

    expect(told).not.toMatch(/[\n\u001b\u202e]/);
    expect(told.length).toBeLessThan(200);
  });
});

describe('formatCost', () => {
  it('keeps the digits of small sums', () => {
    expect([formatCost(0), formatCost(200), formatCost(1_234_500)]).toEqual(['$0.000000', '$0.000200', '$1.2345']);
  });
});
