/** Approvals over HTTP, of real tasks on a real server: as a program asks that is in no language of ours. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OpenDoor } from '../../client/http/open-door.ts';
import { openDoor } from '../../client/http/open-door.ts';
import { MODEL } from '../support/builders.ts';
import { eventually } from '../support/eventually.ts';
import { layOutGitRepository } from '../support/git-repository.ts';
import type { Cluster } from '../support/start-cluster.ts';
import { startCluster } from '../support/start-cluster.ts';
import type { Reply } from './ask.ts';
import { ask } from './ask.ts';

function command(cmd: string) {
  return { toolCalls: [{ name: 'exec_command', input: { cmd } }] };
}

const SCRIPT = [
  { when: { inputContains: 'once' }, turns: [command('echo made > made.txt'), { text: 'Done.' }] },
  {
    when: { inputContains: 'twice' },
    turns: [command('touch one.txt'), command('touch one.txt'), command('touch two.txt'), { text: 'Done.' }],
  },
];

let cluster: Cluster;
let door: OpenDoor;
let workspace: string;

beforeAll(async () => {
  cluster = await startCluster({ script: SCRIPT, durableTemporal: true });
  workspace = layOutGitRepository(join(cluster.directory, 'repository'), { 'readme.txt': 'hello\n' });
  door = await openDoor({ client: cluster.tasks, host: '127.0.0.1', port: 0, say: (line) => console.error(line) });
});
afterAll(async () => {
  await door.close();
  await cluster.stop();
});

interface WaitingTask {
  readonly taskId: string;
  readonly callId: string;
  /** `GET`, and the path below the task. */
  ask(line: string, body?: object): Promise<Reply>;
}

async function aWaitingTask(prompt = 'once'): Promise<WaitingTask> {
  const { taskId } = await cluster.tasks.start({ prompt, model: MODEL, workspace, approvals: { mode: 'untrusted' } });
  const { callId } = await eventually('it asks', async () => (await cluster.tasks.status(taskId)).approvals?.[0]);
  return {
    taskId,
    callId,
    ask: (line, body) => {
      const [method = '', path = ''] = line.split(' ');
      return ask(`${method} ${door.address}/anyport/v1/tasks/${taskId}${path}`, body === undefined ? {} : { body });
    },
  };
}

describe('a call that waits', () => {
  test('is told with its task, and alone', async () => {
    const task = await aWaitingTask();

    const whole = await task.ask('GET');
    const alone = await task.ask('GET /approvals');

    const waiting = { callId: task.callId, tool: 'exec_command', about: 'echo made > made.txt', reason: expect.any(String) };
    expect(whole).toMatchObject({ status: 200, body: { taskId: task.taskId, state: 'waiting', approvals: [waiting] } });
    expect(alone).toMatchObject({ status: 200, body: { approvals: [waiting] } });
    await cluster.tasks.cancel(task.taskId);
  });

  test('runs once it is approved; the same answer again is the same, and another one is told who answered', async () => {
    const task = await aWaitingTask();
    const answer = `POST /approvals/${encodeURIComponent(task.callId)}`;

    const otherTurn = await task.ask(answer, { decision: 'approve', by: 'ada', turn: 2 });
    const first = await task.ask(answer, { decision: 'approve', by: 'ada', turn: 1 });
    const again = await task.ask(answer, { decision: 'approve', by: 'bob' });
    const contrary = await task.ask(answer, { decision: 'deny', by: 'bob' });
    const result = await cluster.tasks.result(task.taskId);
    const afterEnd = await task.ask(answer, { decision: 'approve', by: 'ada' });
    const contraryAfterEnd = await task.ask(answer, { decision: 'deny', by: 'bob' });

    expect(otherTurn).toMatchObject({ status: 404, body: { error: { code: 'not-waiting' } } });
    const approved = { status: 200, body: { decision: 'approved', callId: task.callId } };
    const conflict = {
      status: 409,
      body: { error: { code: 'answered', message: expect.stringMatching(/was approved already, by ada$/) } },
    };
    expect([first, again, afterEnd]).toMatchObject([approved, approved, approved]);
    expect([contrary, contraryAfterEnd]).toMatchObject([conflict, conflict]);
    expect(result).toMatchObject({ state: 'completed', approvals: [{ decision: 'approved', by: 'ada' }] });
    expect(result.diff).toContain('+made');
    expect(await task.ask('GET /approvals')).toMatchObject({ status: 200, body: { approvals: [] } });
  });

  test('is not run when it is denied, and the model is told why', async () => {
    const task = await aWaitingTask();

    const denied = await task.ask(`POST /approvals/${task.callId}`, { decision: 'deny', by: 'ada', reason: 'not today' });

    expect(denied).toMatchObject({ status: 200, body: { decision: 'denied' } });
    expect(await cluster.tasks.result(task.taskId)).toMatchObject({ diff: '', approvals: [{ decision: 'denied', by: 'ada' }] });
    const { events } = await cluster.tasks.status(task.taskId);
    expect(events).toContainEqual(expect.objectContaining({ kind: 'tool-ended', why: expect.stringContaining('not today') }));
  });

  test('lets the like of it pass when that is to be remembered', async () => {
    const task = await aWaitingTask('twice');

    const answer = await task.ask(`POST /approvals/${task.callId}`, { decision: 'approve', by: 'ada', remember: true });
    const next = await eventually('the third command waits', async () => {
      const { approvals: [pending] = [] } = await cluster.tasks.status(task.taskId);
      return pending?.about === 'touch two.txt' ? pending : undefined;
    });

    expect(answer.body).toMatchObject({ remembered: 'commands that begin with "touch one.txt"' });
    expect(next.turn).toBe(3);
    await cluster.tasks.cancel(task.taskId);
  });

  test('is judged anew when the mode changes', async () => {
    const task = await aWaitingTask();

    const changed = await task.ask('PUT /approvals', { mode: 'never', by: 'ada' });

    expect(changed).toMatchObject({ status: 200, body: { mode: 'never' } });
    expect((await cluster.tasks.result(task.taskId)).diff).toContain('+made');
    expect(await task.ask('PUT /approvals', { mode: 'never', by: 'ada' })).toMatchObject({
      status: 409,
      body: { error: { code: 'already-ended' } },
    });
  });
});

test('what there is not is told as 404: a task, and a call', async () => {
  const task = await aWaitingTask();
  const answer = { body: { decision: 'approve', by: 'ada' } };

  const noCall = await task.ask('POST /approvals/nothing', answer.body);
  const noTask = await ask(`POST ${door.address}/anyport/v1/tasks/nobody/approvals/x`, answer);
  const noId = await ask(`GET ${door.address}/anyport/v1/tasks/a%2Fb`);

  expect(noCall).toMatchObject({
    status: 404,
    body: { error: { code: 'not-waiting', message: expect.stringContaining(task.callId) } },
  });
  expect(noTask).toMatchObject({ status: 404, body: { error: { code: 'not-found' } } });
  expect(noId).toMatchObject({
    status: 404,
    body: { error: { code: 'not-found', message: expect.stringContaining('is not a task id') } },
  });
  await cluster.tasks.cancel(task.taskId);
});

test('while no worker, or no Temporal, answers, it says so and when to ask again, and nothing is lost', async () => {
  const task = await aWaitingTask();
  const answer = { decision: 'approve', by: 'ada' };
  const away = (code: string) => ({
    status: 503,
    headers: { 'retry-after': '5' },
    body: { error: { code, message: expect.any(String) } },
  });

  await cluster.worker().stop();
  expect(await task.ask('GET')).toMatchObject(away('no-worker'));
  await cluster.server.kill();
  expect(await ask(`GET ${door.address}/anyport/v1/healthz`)).toMatchObject(away('no-server'));
  expect(await task.ask(`POST /approvals/${task.callId}`, answer)).toMatchObject(away('no-server'));
  await cluster.server.restart();
  await cluster.startWorker();

  await eventually('it is well again', async () => {
    const { status } = await ask(`GET ${door.address}/anyport/v1/healthz`);
    return status === 200 ? true : undefined;
  });
  expect(await task.ask(`POST /approvals/${task.callId}`, answer)).toMatchObject({ status: 200 });
  expect(await cluster.tasks.result(task.taskId)).toMatchObject({ state: 'completed' });
}, 120_000);
