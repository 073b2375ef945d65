/** What users do with a task while a cloud's service runs its loop: each story at both services that differ, side by side. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { MODEL } from '../support/builders.ts';
import { eventually } from '../support/eventually.ts';
import { layOutGitRepository } from '../support/git-repository.ts';
import type { Cluster } from '../support/start-cluster.ts';
import { startCluster } from '../support/start-cluster.ts';
import type { Service } from './managed-scene.ts';
import { atEach, clearFaults, SERVICES, sessionsOf } from './managed-scene.ts';

function command(cmd: string) {
  return { toolCalls: [{ name: 'exec_command', input: { cmd } }] };
}

/** The latest message that is known decides what is said. */
const SCRIPT = [
  { when: { inputContains: 'and then the last' }, turns: [{ text: 'The last is done.' }] },
  { when: { inputContains: 'and then the other' }, turns: [{ text: 'The other is done.' }] },
  { when: { inputContains: 'stop that' }, turns: [{ text: 'Stopped.' }] },
  { when: { inputContains: 'go back' }, turns: [{ text: 'Back.' }] },
  {
    when: { inputContains: 'one thing' },
    turns: [command('echo one >> one.txt'), command('echo two >> two.txt'), { text: 'One is done.' }],
  },
  { when: { inputContains: 'long' }, turns: [command('echo begun; touch started; sleep 30'), { text: 'Slept.' }] },
  { when: { inputContains: 'say it' }, turns: [{ text: 'Said.' }] },
];

/** Some three seconds for a turn of one message: enough to say something meanwhile on a busy machine. */
const slowly = ({ cloud }: Service) => ({ kind: 'slow', eventDelayMs: cloud === 'azure' ? 1_500 : 600, count: 1 });

const ASK = { approvals: { mode: 'always' } } as const;

let cluster: Cluster;
let files: { readonly workspace: string; readonly sandbox: 'none' };

beforeAll(async () => {
  cluster = await startCluster({ script: SCRIPT, endpoints: SERVICES.map(({ endpoint }) => endpoint) });
  const workspace = layOutGitRepository(join(cluster.directory, 'repository'), { 'readme.txt': 'hello\n' });
  files = { workspace, sandbox: 'none' };
});
afterEach(() => clearFaults(cluster));
afterAll(() => cluster.stop());

async function start({ cloud }: Service, prompt: string, request: object = {}): Promise<string> {
  const asked = { model: MODEL, policy: { clouds: [cloud] }, prompt, ...request };
  return (await cluster.tasks.startManagedAgent(asked)).taskId;
}

function waits(taskId: string, turn: number) {
  return eventually(`turn ${turn} waits for a person`, async () => {
    const { approvals = [] } = await cluster.tasks.status(taskId);
    return approvals.find((approval) => approval.turn === turn);
  });
}

async function approve(taskId: string, turn: number): Promise<void> {
  const { callId } = await waits(taskId, turn);
  await cluster.tasks.approve(taskId, { callId, turn, by: 'ada' });
}

function generates(service: Service, taskId: string) {
  return eventually('the service generates', async () => {
    return (await sessionsOf(cluster, service, taskId)).find(({ generations }) => generations > 0);
  });
}

function runs(taskId: string) {
  const started = join(cluster.directory, 'data', 'workspaces', taskId, 'tree', 'started');
  return eventually('the command runs', async () => (existsSync(started) ? true : undefined));
}

const HAND_OFF = expect.stringMatching(/^You take over a task /);

describe('a session at work', () => {
  test(
    'is steered by a message that it reads after its turn',
    atEach(async (service) => {
      await cluster.setFaults(service.endpoint, [slowly(service)]);
      const taskId = await start(service, 'say it');
      await generates(service, taskId);
      await cluster.tasks.send(taskId, { text: 'and then the other', mode: 'steer' });

      const result = await cluster.tasks.result(taskId);

      expect(result).toMatchObject({ state: 'completed', output: 'The other is done.', turns: 2 });
      const inputs = [['say it'], ['and then the other']];
      expect(await sessionsOf(cluster, service, taskId)).toEqual([{ closed: true, inputs, generations: 2 }]);
    }),
  );

  test(
    'is stopped by a message that interrupts, and another one is told both',
    atEach(async (service) => {
      await cluster.setFaults(service.endpoint, [slowly(service)]);
      const taskId = await start(service, 'say it');
      await generates(service, taskId);
      await cluster.tasks.send(taskId, { text: 'stop that', mode: 'interrupt' });

      const result = await cluster.tasks.result(taskId);

      expect(result).toMatchObject({ state: 'completed', output: 'Stopped.' });
      expect(result.attempts.map(({ turn, outcome }) => [turn, outcome])).toEqual([
        [1, 'cancelled'],
        [2, 'completed'],
      ]);
      expect(await sessionsOf(cluster, service, taskId)).toEqual([
        { closed: true, inputs: [['say it']], generations: 1 },
        { closed: true, inputs: [['say it', 'stop that']], generations: 1 },
      ]);
    }),
  );

  test(
    'is stopped by a cancel, which the result tells',
    atEach(async (service) => {
      await cluster.setFaults(service.endpoint, [slowly(service)]);
      const taskId = await start(service, 'say it');
      await generates(service, taskId);

      await cluster.tasks.cancel(taskId);

      const result = await cluster.tasks.result(taskId);
      const attempts = [{ turn: 1, endpoint: service.endpoint, outcome: 'cancelled' }];
      expect(result).toMatchObject({ state: 'cancelled', attempts });
      expect(await sessionsOf(cluster, service, taskId)).toEqual([{ closed: true, inputs: [['say it']], generations: 1 }]);
    }),
  );
});

// No faults here, so that these run side by side.
describe('a managed task', () => {
  test.concurrent(
    'that hears messages tells them to its session once, behind the results or when it has nothing more to do',
    atEach(async (service) => {
      const taskId = await start(service, 'one thing', { ...files, ...ASK });
      await waits(taskId, 1);
      await cluster.tasks.send(taskId, { text: 'and then the last', mode: 'enqueue' });
      await cluster.tasks.send(taskId, { text: 'and then the other', mode: 'steer' });
      await approve(taskId, 1);

      const result = await cluster.tasks.result(taskId);

      expect(result).toMatchObject({ state: 'completed', output: 'The last is done.', turns: 3 });
      const inputs = [['one thing'], ['and then the other', 'result'], ['and then the last']];
      expect(await sessionsOf(cluster, service, taskId)).toEqual([{ closed: true, inputs, generations: 3 }]);
    }),
  );

  test.concurrent(
    'that goes on after its end has another session, which is told what was said in the first',
    atEach(async (service) => {
      const taskId = await start(service, 'say it');
      await cluster.tasks.result(taskId);
      await cluster.tasks.send(taskId, { text: 'and then the other', mode: 'enqueue' });

      const result = await cluster.tasks.result(taskId);

      expect(result).toMatchObject({ state: 'completed', output: 'The other is done.', turns: 2 });
      expect(await sessionsOf(cluster, service, taskId)).toEqual([
        { closed: true, inputs: [['say it']], generations: 1 },
        { closed: true, inputs: [[HAND_OFF, 'and then the other']], generations: 1 },
      ]);
      expect(result.usage).toMatchObject({ inputTokens: 200, outputTokens: 40 });
    }),
  );

  test.concurrent(
    'that is interrupted in a command goes on in the session that waits for its result',
    atEach(
      async (service) => {
        const taskId = await start(service, 'long', files);
        await runs(taskId);
        await cluster.tasks.send(taskId, { text: 'stop that', mode: 'interrupt' });

        const result = await cluster.tasks.result(taskId);

        expect(result).toMatchObject({ state: 'completed', output: 'Stopped.' });
        const inputs = [['long'], ['stop that', 'result']];
        expect(await sessionsOf(cluster, service, taskId)).toEqual([{ closed: true, inputs, generations: 2 }]);
      },
      [SERVICES[0]],
    ),
  );

  test.concurrent(
    'that is rolled back has the files of then, and another session: its first one knows too much',
    atEach(
      async (service) => {
        const taskId = await start(service, 'one thing', { ...files, ...ASK });
        await approve(taskId, 1);
        await approve(taskId, 2);
        await cluster.tasks.result(taskId);
        await cluster.tasks.send(taskId, { text: 'go back', mode: 'rollback', toTurn: 1 });

        const result = await cluster.tasks.result(taskId);

        expect(result).toMatchObject({ state: 'completed', output: 'Back.' });
        expect(result.diff).toContain('+++ b/one.txt');
        expect(result.diff).not.toContain('two.txt');
        const sessions = await sessionsOf(cluster, service, taskId);
        expect(sessions).toHaveLength(2);
        expect(sessions.every(({ closed }) => closed)).toBe(true);
        expect(sessions[1]?.inputs).toEqual([[HAND_OFF, 'go back']]);
        expect(sessions[1]?.inputs[0]?.[0]).not.toContain('two.txt');
      },
      [SERVICES[1]],
    ),
  );

  test.concurrent(
    'that is rolled back while it waits gets another answer to what it had asked, not the same one again',
    atEach(async (service) => {
      const taskId = await start(service, 'one thing', { ...files, ...ASK });
      await approve(taskId, 1);
      await waits(taskId, 2);
      await cluster.tasks.send(taskId, { mode: 'rollback', toTurn: 1 });
      // Its own number is that of a turn.
      await waits(taskId, 4);

      const [first, second] = await sessionsOf(cluster, service, taskId);

      expect(first).toMatchObject({ inputs: [['one thing'], ['result']], generations: 2 });
      expect(second).toMatchObject({ inputs: [[HAND_OFF]], generations: 1 });
      await cluster.tasks.cancel(taskId);
      expect(await cluster.tasks.result(taskId)).toMatchObject({ state: 'cancelled' });
      expect((await sessionsOf(cluster, service, taskId)).map(({ closed }) => closed)).toEqual([true, true]);
    }),
  );

  test.concurrent.each([
    ['waits for a person', 'one thing', SERVICES[1]],
    ['runs a command', 'long', SERVICES[0]],
  ] as const)('that is cancelled while it %s has its session removed', async (_when, prompt, service) => {
    const runsCommand = prompt === 'long';
    const taskId = await start(service, prompt, { ...files, ...(runsCommand ? {} : ASK) });
    await (runsCommand ? runs(taskId) : waits(taskId, 1));

    await cluster.tasks.cancel(taskId);

    const result = await cluster.tasks.result(taskId);
    const attempts = [{ turn: 1, endpoint: service.endpoint, outcome: 'completed' }];
    expect(result).toMatchObject({ state: 'cancelled', attempts });
    expect(await sessionsOf(cluster, service, taskId)).toEqual([{ closed: true, inputs: [[prompt]], generations: 1 }]);
  });
});
