import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TaskEvent, TaskEventBody, TaskStatus } from '../../workflows/domain/task-status.ts';
import { taskCard } from '../../workflows/task-card.ts';
import { aStatus, aTurnAnswered, aUsage, deploymentAt } from '../support/builders.ts';

const AZURE = deploymentAt('azure-eastus2');

function withEvents(...bodies: readonly TaskEventBody[]): TaskStatus {
  return aStatus({ events: bodies.map((body, index): TaskEvent => ({ sequence: index + 1, atMs: index, ...body })) });
}

function failedAttempt(failure: string, turn = 1): TaskEventBody {
  return { kind: 'attempt-failed', turn, attempt: 1, deployment: AZURE, failure };
}

function startedTool(tool: string, excerpt: string): TaskEventBody {
  return { kind: 'tool-started', turn: 1, callId: 'c', tool, excerpt };
}

describe('the card of a task', () => {
  test('names the session of a managed agent', () => {
    expect(taskCard(aStatus({ session: 'sess_1' }))).toContain('- session: `sess_1`');
  });

  test('says what sessions that are over left behind, which the ones that went on for them do not have', () => {
    const card = taskCard(aStatus({ leftBehind: ['files that its code made: a`.csv'] }));

    expect(card).toContain("- left behind in a session that is over: `files that its code made: a'.csv`");
  });

  test('says what it does, where, and what it has spent', () => {
    const card = taskCard(
      aStatus({
        state: 'calling-model',
        turn: 3,
        deployment: AZURE,
        route: [AZURE, deploymentAt('openai')],
        usage: aUsage({ inputTokens: 1_200, outputTokens: 34 }),
        costUsdMicros: 12_345,
      }),
    );

    expect(card.split('\n')).toEqual([
      '**calling-model** · turn 3 · `gpt-6.1-sol`',
      '',
      '- deployment: `azure-eastus2/gpt-6.1-sol`',
      '- route: `azure-eastus2/gpt-6.1-sol`, `openai/gpt-6.1-sol`',
      '- spent: `$0.0123` · 1200 tokens in, 34 out',
    ]);
  });

  test('says so while it knows neither the model nor where it goes', () => {
    const card = taskCard(aStatus({ model: '', route: [], deployment: null }));

    expect(card).toContain('**planning** · turn 0 · model not read yet\n');
    expect(card).toContain('- deployment: none yet\n- route: not planned yet\n');
  });

  test('says until when it waits and for what', () => {
    const card = taskCard(aStatus({ state: 'parked', waitingFor: { reason: 'azure-eastus2 is overloaded', untilMs: 0 } }));

    expect(card).toContain('- waiting until 1970-01-01T00:00:00.000Z: `azure-eastus2 is overloaded`');
  });

  test('has a table of the attempts, the newest first, with how each ended', () => {
    const card = taskCard(
      withEvents(
        failedAttempt('overloaded: 503'),
        aTurnAnswered({ turn: 1, deployment: AZURE, toolCalls: 2 }),
        aTurnAnswered({ turn: 2, deployment: AZURE, toolCalls: 1 }),
        aTurnAnswered({ turn: 3, deployment: AZURE, toolCalls: 0 }),
      ),
    );

    expect(card.split('\n').slice(-6)).toEqual([
      '| turn | endpoint | outcome |',
      '|---|---|---|',
      '| 3 | `azure-eastus2` | answered |',
      '| 2 | `azure-eastus2` | answered, 1 tool call |',
      '| 1 | `azure-eastus2` | answered, 2 tool calls |',
      '| 1 | `azure-eastus2` | `overloaded: 503` |',
    ]);
  });

  test('has the newest eight attempts only', () => {
    const card = taskCard(withEvents(...Array.from({ length: 100 }, (_, index) => failedAttempt('x', index + 1))));

    const turns = card.split('\n').flatMap((line) => /^\| (\d+) \|/.exec(line)?.[1] ?? []);
    expect(turns).toEqual(['100', '99', '98', '97', '96', '95', '94', '93']);
  });

  test('shows dollars only where the UI reads no formula in them', () => {
    const money = { costUsdMicros: 20_000, suspenseUsdMicros: 10_000, budget: { costUsd: 1 } };

    const card = taskCard(aStatus(money));

    expect(card).toContain('$0.0300 of $1.0000');
    expect(card.replaceAll(/`[^`]*`/g, '')).not.toContain('$');
  });

  test('names the last tool call', () => {
    expect(taskCard(withEvents(startedTool('read_file', 'a'), startedTool('exec_command', 'npm test')))).toMatch(
      /\n- last tool call: `exec_command npm test`$/,
    );
  });

  test('shows nothing of a model, a cloud or a caller as markup', () => {
    const hostile = '![x](https://example.com/x) **b** | `c` <img>\n# d';

    const card = taskCard({
      ...withEvents(failedAttempt(hostile), startedTool(hostile, hostile)),
      model: hostile,
      waitingFor: { reason: hostile, untilMs: 0 },
    });

    const outsideCode = card.replaceAll(/`[^`\n]*`/g, '');
    expect(outsideCode).not.toMatch(/!\[|\*\*b|`|<|\n#|example/);
  });

  test('keeps its lines and cells whatever it shows', () => {
    const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: fc.constantFrom('|', '`', '\n', '<', '\\', 'a') }));

    fc.assert(
      fc.property(anyText, anyText, (one, other) => {
        const lines = taskCard({
          ...withEvents(failedAttempt(one), startedTool(one, other)),
          model: other,
          waitingFor: { reason: one, untilMs: 0 },
        }).split('\n');

        expect(lines).toHaveLength(11);
        expect(lines[10]?.split('|')).toHaveLength(5);
        expect(lines.filter((line) => (line.split('`').length - 1) % 2 === 1)).toEqual([]);
      }),
    );
  });
});
