import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { advance, newStatus } from '../../workflows/domain/task-progress.ts';
import type { TaskEventBody, TaskStatus } from '../../workflows/domain/task-status.ts';
import { aTurnAnswered, aUsage, deploymentAt, MODEL } from '../support/builders.ts';

const AZURE = deploymentAt('azure-eastus2');
const AWS = deploymentAt('aws-us-east-1');
const NEW = newStatus({ taskId: 'task-1', model: MODEL });

/** One of each kind of event, in the order of a task's life. */
const EVENTS = [
  { kind: 'route-planned', model: 'gpt-6-luna', deployments: [AZURE, AWS] },
  { kind: 'workspace-opened', baseCommit: 'abc' },
  { kind: 'attempt-started', turn: 1, attempt: 1, deployment: AZURE },
  { kind: 'attempt-failed', turn: 1, attempt: 1, deployment: AZURE, failure: 'overloaded: 503' },
  { kind: 'waiting', turn: 1, untilMs: 9_000, reason: 'azure-eastus2 asked for 8 s' },
  { kind: 'parked', turn: 1, untilMs: 90_000, reason: 'nobody can serve' },
  aTurnAnswered({ turn: 1, deployment: AWS }),
  { kind: 'tool-started', turn: 1, callId: 'call_1', tool: 'read_file', excerpt: 'a.ts' },
  { kind: 'tool-ended', turn: 1, callId: 'call_1', tool: 'read_file', outcome: 'ok' },
  { kind: 'finishing' },
  { kind: 'task-ended', state: 'completed' },
] as const satisfies readonly TaskEventBody[];

const anyEvents = fc.array(
  fc.oneof(
    fc.constantFrom<TaskEventBody>(...EVENTS),
    fc
      .record({
        inputTokens: fc.nat({ max: 9_999 }),
        outputTokens: fc.nat({ max: 9_999 }),
        costUsdMicros: fc.nat({ max: 9_999 }),
      })
      .map(({ costUsdMicros, ...tokens }) => aTurnAnswered({ costUsdMicros, usage: aUsage(tokens) })),
  ),
  { maxLength: 250, size: 'max' },
);

function after(...bodies: readonly TaskEventBody[]): TaskStatus {
  return bodies.reduce((status, body, index) => advance(status, body, index), NEW);
}

describe('the status of a task', () => {
  test('begins with planning, before anything was spent', () => {
    expect(NEW).toEqual({
      taskId: 'task-1',
      state: 'planning',
      model: MODEL,
      turn: 0,
      deployment: null,
      route: [],
      usage: aUsage(),
      costUsdMicros: 0,
      events: [],
    });
  });

  test('goes through its states as its story is told', () => {
    const states = EVENTS.map((_, index) => after(...EVENTS.slice(0, index + 1)).state);

    expect(states).toEqual([
      'planning',
      'planning',
      'calling-model',
      'calling-model',
      'waiting',
      'parked',
      'parked',
      'running-tools',
      'running-tools',
      'finishing',
      'completed',
    ]);
  });

  test.each(['completed', 'cancelled', 'failed'] as const)('ends %s when its story says so', (state) => {
    expect(after({ kind: 'task-ended', state }).state).toBe(state);
  });

  test('names the model and the route once they are planned', () => {
    expect(after(EVENTS[0])).toMatchObject({ model: 'gpt-6-luna', route: [AZURE, AWS], deployment: null });
  });

  test('names the turn and the deployment of the last attempt', () => {
    const moved = { kind: 'attempt-started', turn: 7, attempt: 2, deployment: AWS, reason: 'failover' } as const;

    expect(after(EVENTS[2], moved, EVENTS[9])).toMatchObject({ turn: 7, deployment: AWS });
  });

  test.each([EVENTS[4], EVENTS[5]])('says what it waits for while it is $kind', (waiting) => {
    expect(after(waiting).waitingFor).toEqual({ reason: waiting.reason, untilMs: waiting.untilMs });
  });

  test.each(EVENTS.filter(({ kind }) => kind !== 'waiting' && kind !== 'parked'))('no longer waits after $kind', (event) => {
    expect(after(EVENTS[4], event)).not.toHaveProperty('waitingFor');
  });

  test('adds up the usage and the cost of every turn', () => {
    fc.assert(
      fc.property(anyEvents, (bodies) => {
        const answers = bodies.filter((body) => body.kind === 'turn-answered');
        const sum = (of: (body: (typeof answers)[number]) => number) => answers.reduce((total, body) => total + of(body), 0);

        const { usage, costUsdMicros } = after(...bodies);

        expect(costUsdMicros).toBe(sum((body) => body.costUsdMicros));
        expect(usage.inputTokens).toBe(sum((body) => body.usage.inputTokens));
        expect(usage.outputTokens).toBe(sum((body) => body.usage.outputTokens));
      }),
    );
  });
});

describe('the events of a status', () => {
  test('are the newest hundred, oldest first, with numbers that go on growing', () => {
    fc.assert(
      fc.property(anyEvents, (bodies) => {
        const { events } = after(...bodies);

        const numbered = bodies.map((body, index) => ({ sequence: index + 1, atMs: index, ...body }));
        expect(events).toEqual(numbered.slice(-100));
      }),
    );
  });

  test('go on counting from the status that a new run begins with', () => {
    const carried = after(...Array.from({ length: 150 }, () => EVENTS[9]));

    expect(advance(carried, EVENTS[10], 1).events.at(-1)?.sequence).toBe(151);
  });

  test('leave the status as it was that they move on', () => {
    const before = after(EVENTS[4]);
    const copy = structuredClone(before);

    advance(before, EVENTS[6], 5);

    expect(before).toEqual(copy);
  });
});
