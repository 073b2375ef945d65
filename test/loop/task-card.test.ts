import { expect, test } from 'vitest';
import { advance, newStatus } from '../../workflows/domain/task-progress.ts';
import type { TaskEventBody } from '../../workflows/domain/task-status.ts';
import { taskCard } from '../../workflows/task-card.ts';
import { anAnswer, deploymentAt } from '../support/builders.ts';

const deployment = deploymentAt('azure-eastus2');
const BUDGET = { costUsd: 1, turns: 2 };

function cardAfter(...events: readonly TaskEventBody[]): string {
  const begin: TaskEventBody = { kind: 'route-planned', model: 'm', deployments: [deployment], budget: BUDGET };
  return taskCard(
    [begin, ...events].reduce((status, event) => advance(status, event, 0), newStatus({ taskId: 't-1', model: 'm' })),
  );
}

const LOST = { kind: 'attempt-failed', turn: 1, attempt: 1, deployment, failure: 'timeout', suspenseUsdMicros: 90_000 } as const;
const { usage } = anAnswer();
const ANSWERED: TaskEventBody = {
  kind: 'turn-answered',
  turn: 1,
  deployment,
  excerpt: '',
  toolCalls: 0,
  usage,
  costUsdMicros: 10_000,
};

test('a card shows what was spent of each budget, and what is in suspense', () => {
  const card = cardAfter(LOST, ANSWERED);

  expect(card).toContain('- in suspense: `$0.0900` may have been billed without an answer');
  expect(card).toContain('- budget: `$0.1000 of $1.0000 · 1 of 2 turns`');
  expect(cardAfter(ANSWERED, { kind: 'budget-used-up', turn: 2, exceeded: [] })).toContain('1 of 2 turns');
});

test('a card of a task that waits for a larger budget says the command that raises it', () => {
  const pause: TaskEventBody = {
    kind: 'budget-used-up',
    turn: 3,
    exceeded: [{ kind: 'turns', limit: 2, spent: 2, next: 1 }],
  };

  expect(cardAfter(pause)).toContain('- let it go on: `anyport tasks raise-budget t-1 --turns 4`');
  expect(cardAfter(pause, { kind: 'budget-raised', budget: { turns: 4 } })).not.toContain('let it go on');
});

test('a raise in the middle of another wait leaves that wait as it is', () => {
  const park: TaskEventBody = { kind: 'parked', turn: 1, untilMs: 5_000, reason: 'all are down' };

  expect(cardAfter(park, { kind: 'budget-raised', budget: { turns: 4 } })).toContain('all are down');
});

test('a card of a task without a budget shows none', () => {
  expect(taskCard(newStatus({ taskId: 't-1', model: 'm' }))).not.toContain('budget');
});
