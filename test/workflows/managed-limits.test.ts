/** What tasks may ask for and run into, where a cloud's service runs their loop: each story at both services that differ, side by side. */
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { taskWorkflowId, toTaskId } from '../../workflows/domain/ids.ts';
import { MODEL } from '../support/builders.ts';
import { eventually } from '../support/eventually.ts';
import { layOutGitRepository } from '../support/git-repository.ts';
import type { Cluster } from '../support/start-cluster.ts';
import { startCluster } from '../support/start-cluster.ts';
import type { Service } from './managed-scene.ts';
import { atEach, clearFaults, SERVICES, sessionsOf } from './managed-scene.ts';

function call(name: string, input: object) {
  return { toolCalls: [{ name, input }] };
}

const LOOK = call('exec_command', { cmd: 'echo seen >> seen.txt' });
const AGENT = '{{result:Agent ([0-9a-f]{6})}}';
/** A run goes on in a new one after so many events; a turn with a tool call takes about 12. */
const CONTINUE_AS_NEW_EVENTS = 40;
const TURNS = 5;
const SCRIPT = [
  // What a session is told that takes over from another one.
  { when: { inputContains: 'Its result (' }, turns: [{ text: 'Seen, as another session.' }] },
  { when: { inputContains: 'go on for long' }, turns: [...Array.from({ length: TURNS }, () => LOOK), { text: 'At last.' }] },
  { when: { inputContains: 'look around' }, turns: [LOOK, LOOK, { text: 'Seen.' }] },
  { when: { inputContains: 'does not fit' }, turns: [{ text: '7' }] },
  { when: { inputContains: 'as a number' }, turns: [{ text: 'seven' }] },
  { when: { inputContains: 'the other half' }, turns: [call('exec_command', { cmd: 'echo b > b.txt' }), { text: 'Written.' }] },
  {
    when: { inputContains: 'share the work' },
    turns: [
      call('spawn_agent', { message: 'write the other half' }),
      call('wait_agent', { agents: [AGENT], timeout_ms: 30_000 }),
      call('merge_agent', { agent: AGENT }),
      { text: 'Shared.' },
    ],
  },
  { when: { inputContains: 'say it' }, turns: [{ text: 'Said.' }] },
];

let cluster: Cluster;
let files: { readonly workspace: string; readonly sandbox: 'none' };

beforeAll(async () => {
  cluster = await startCluster({
    script: SCRIPT,
    endpoints: SERVICES.map(({ endpoint }) => endpoint),
    dynamicConfig: [`limit.historyCount.suggestContinueAsNew=${CONTINUE_AS_NEW_EVENTS}`],
  });
  const workspace = layOutGitRepository(join(cluster.directory, 'repository'), { 'readme.txt': 'hello\n' });
  files = { workspace, sandbox: 'none' };
});
afterEach(() => clearFaults(cluster));
afterAll(() => cluster.stop());

function asked({ cloud }: Service, prompt: string, request: object = {}) {
  return { model: MODEL, managed: true as const, policy: { clouds: [cloud] }, prompt, ...request };
}

async function start(service: Service, prompt: string, request: object = {}): Promise<string> {
  return (await cluster.tasks.start(asked(service, prompt, request))).taskId;
}

/** Their state, and how many inputs and generations each had. */
async function countsOf(service: Service, taskId: string) {
  const sessions = await sessionsOf(cluster, service, taskId);
  return sessions.map((session) => ({ ...session, inputs: session.inputs.length }));
}

const one = (inputs: number, closed = true) => [{ closed, inputs, generations: inputs }];

async function startedAs(taskId: string) {
  const { events } = await cluster.temporal.workflow.getHandle(taskWorkflowId(toTaskId(taskId))).fetchHistory();
  const started = events?.[0]?.workflowExecutionStartedEventAttributes;
  return { type: started?.workflowType?.name, isContinued: (started?.continuedExecutionRunId ?? '') !== '' };
}

/** For how many seconds sessions are tried to be closed, by the queue of their endpoint. */
async function closingOf(taskId: string) {
  const { events } = await cluster.temporal.workflow.getHandle(taskWorkflowId(toTaskId(taskId))).fetchHistory();
  const scheduled = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: activity }) => activity ?? []);
  const closing = scheduled.filter(({ activityType }) => activityType?.name === 'closeAgentSessions');
  return Object.fromEntries(closing.map((each) => [each.taskQueue?.name, Number(each.scheduleToCloseTimeout?.seconds)]));
}

async function kindsOf(taskId: string) {
  return (await cluster.tasks.status(taskId)).events.map(({ kind }) => kind);
}

describe('a session that fails in the middle of a task', () => {
  test.each(['server_overloaded', 'context_length_exceeded'])(
    'by %s makes room for another one, which is told what happened, and nothing is summed up',
    (code) =>
      atEach(async (service) => {
        await cluster.setFaults(service.endpoint, [{ kind: 'turn-failed', code, skip: 1, count: 1 }]);
        const taskId = await start(service, 'look around', files);

        const result = await cluster.tasks.result(taskId);

        expect(result).toMatchObject({ state: 'completed', output: 'Seen, as another session.', turns: 2 });
        expect(result.attempts.map(({ turn, outcome }) => [turn, outcome])).toEqual([
          [1, 'completed'],
          [2, 'failed'],
          [2, 'completed'],
        ]);
        // What the failed turn used nobody told: it is in suspense.
        expect(result.usage.inputTokens).toBe(200);
        expect(result.suspectedTwice.count).toBe(1);
        expect(await countsOf(service, taskId)).toEqual([...one(2), ...one(1)]);
        expect(await kindsOf(taskId)).not.toContain('compacted');
      })(),
  );

  test('and goes on elsewhere does not hold up its result where it was', async () => {
    const [{ endpoint }] = SERVICES;
    await cluster.setFaults(endpoint, [{ kind: 'turn-failed', code: 'server_overloaded', skip: 1, count: 1 }]);
    const { taskId } = await cluster.tasks.startManagedAgent({ model: MODEL, prompt: 'look around', ...files });

    const { attempts } = await cluster.tasks.result(taskId);

    expect(attempts.map((attempt) => attempt.endpoint)).toEqual([endpoint, endpoint, 'foundry-agents']);
    expect(await closingOf(taskId)).toEqual({ 'endpoints/openai-agents': 10, 'endpoints/foundry-agents': 60 });
  });

  test(
    'for good ends it, and the result says why',
    atEach(async (service) => {
      await cluster.setFaults(service.endpoint, [{ kind: 'turn-failed', code: 'cyber_policy', skip: 1, count: 1 }]);
      const taskId = await start(service, 'look around', files);

      const result = await cluster.tasks.result(taskId);

      const reason = `${service.endpoint} content-filtered: 200 cyber_policy; no other cloud is asked after such an answer`;
      expect(result).toMatchObject({ state: 'failed', reason });
      expect(result.diff).toContain('+seen');
      expect(await countsOf(service, taskId)).toEqual(one(2));
    }),
  );

  test(
    'since it works on something else is told the same a moment later',
    atEach(async (service) => {
      await cluster.setFaults(service.endpoint, [{ kind: 'busy', count: 1, skip: service.cloud === 'azure' ? 1 : 0 }]);
      const taskId = await start(service, 'look around', files);

      const result = await cluster.tasks.result(taskId);

      expect(result).toMatchObject({ state: 'completed', output: 'Seen.', turns: 3 });
      expect(result.attempts.filter(({ outcome }) => outcome === 'failed')).toHaveLength(1);
      expect(await countsOf(service, taskId)).toEqual(one(3));
    }),
  );
});

// No faults here, so that these run side by side.
describe('a managed task', () => {
  test.concurrent(
    'has the same session after it went on in a new run, and each token is counted once',
    atEach(async (service) => {
      const taskId = await start(service, 'go on for long', files);

      const result = await cluster.tasks.result(taskId);

      expect(result).toMatchObject({ state: 'completed', output: 'At last.', turns: TURNS + 1, toolCalls: TURNS });
      expect(result.usage).toMatchObject({ inputTokens: 100 * (TURNS + 1), outputTokens: 20 * (TURNS + 1) });
      expect(await countsOf(service, taskId)).toEqual(one(TURNS + 1));
      expect(await startedAs(taskId)).toEqual({ type: 'managedAgentTask', isContinued: true });
    }),
  );

  test.concurrent(
    'waits with its session for a larger budget',
    atEach(
      async (service) => {
        const taskId = await start(service, 'look around', { ...files, budget: { turns: 1 } });
        const { reason } = await eventually('it waits', async () => (await cluster.tasks.status(taskId)).waitingFor);
        const waiting = await countsOf(service, taskId);
        await cluster.tasks.raiseBudget(taskId, { turns: 9 });

        const result = await cluster.tasks.result(taskId);

        expect(reason).toContain('the budget of turns is used up: 1 of 1 spent');
        expect(waiting).toEqual(one(1, false));
        expect(result).toMatchObject({ state: 'completed', output: 'Seen.' });
        expect(await countsOf(service, taskId)).toEqual(one(3));
      },
      [SERVICES[0]],
    ),
  );

  test.concurrent(
    'is asked again by its session for an answer that fits its schema',
    atEach(async (service) => {
      const taskId = await start(service, 'as a number', { outputSchema: { type: 'integer' } });

      expect(await cluster.tasks.result(taskId)).toMatchObject({ state: 'completed', output: '7', turns: 2 });
      expect(await countsOf(service, taskId)).toEqual(one(2));
    }),
  );

  test.concurrent('has agents that are managed, too, each with a session of its own', async () => {
    const [service] = SERVICES;
    const taskId = await start(service, 'share the work', { ...files, subAgents: true });

    const result = await cluster.tasks.result(taskId);

    expect(result).toMatchObject({ state: 'completed', output: 'Shared.', agents: [{ state: 'completed' }] });
    expect(result.diff).toContain('+++ b/b.txt');
    const agent = result.agents?.[0]?.taskId ?? '';
    expect(await countsOf(service, taskId)).toEqual(one(4));
    expect(await countsOf(service, agent)).toEqual(one(2));
  });

  test.concurrent('may be done by several contenders', async () => {
    const [, service] = SERVICES;
    const { taskId } = await cluster.tasks.startContest(asked(service, 'look around', files), { contenders: 2 });

    const { state, contenders } = await cluster.tasks.contestResult(taskId);

    expect([state, contenders.map((each) => each.state)]).toEqual(['completed', ['completed', 'completed']]);
    expect(await countsOf(service, `${taskId}-1`)).toEqual(one(3));
    expect(await countsOf(service, `${taskId}-2`)).toEqual(one(3));
  });

  test.concurrent('is a line of a batch', async () => {
    const line = { kind: 'managed-agent', prompt: 'say it', model: MODEL, policy: { clouds: ['azure'] } };
    const file = await cluster.write('tasks.jsonl', `${JSON.stringify(line)}\n`);
    const { batchId } = await cluster.tasks.submitBatch(file);
    await eventually('the line has ended', async () => (await cluster.tasks.batchStatus(batchId)).completed === 1 || undefined);

    for await (const result of cluster.tasks.batchResults(batchId)) {
      expect(result).toMatchObject({ output: 'Said.', attempts: [{ endpoint: 'foundry-agents' }] });
      expect(await countsOf(SERVICES[1], 'taskId' in result ? result.taskId : '')).toEqual(one(1));
    }
  });

  test.concurrent(
    'that names an agent which nobody has fails at once, and no other is the worse for it',
    atEach(async (service) => {
      const taskId = await start(service, 'say it', { agent: 'helper-of-nobody' });
      const result = await cluster.tasks.result(taskId);
      const other = await start(service, 'say it');

      expect(result).toMatchObject({
        state: 'failed',
        reason: `${service.endpoint} ineligible: 404 no agent "helper-of-nobody" there; no deployment takes the turn as it is`,
      });
      expect(await cluster.tasks.result(other)).toMatchObject({ state: 'completed', output: 'Said.' });
    }),
  );
});
