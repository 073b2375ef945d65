/**
 * `kill -9` of a worker at every point of a model call, with the clouds' ledger as judge: nothing is generated to its end twice, but in
 * the one window that no client can close, and there the result says so.
 */
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { EMULATED_CREDENTIALS } from '../emulators/emulated-endpoints.ts';
import { MODEL } from '../support/builders.ts';
import { eventually } from '../support/eventually.ts';
import type { Cluster } from '../support/start-cluster.ts';
import { startCluster } from '../support/start-cluster.ts';
import type { ChaosScene, Death } from './chaos-scene.ts';
import { openChaosScene } from './chaos-scene.ts';

const SCRIPT = [{ when: { inputContains: 'talk' }, turns: [{ text: 'A rather long answer that takes its time.' }] }];
const AWS = 'aws-us-east-1';
const SLOW = { kind: 'slow-stream', eventDelayMs: 250, count: 1 };
const LATE = { kind: 'slow-first-event', delayMs: 2_000, count: 1 };

/** The credentials are there as soon as this file is. */
const gate = join(tmpdir(), `anyport-gate-${process.pid}`);
const asked = `${gate}-asked`;
const CREDENTIALS = JSON.stringify({
  Version: 1,
  AccessKeyId: EMULATED_CREDENTIALS.EMULATED_AWS_ACCESS_KEY_ID,
  SecretAccessKey: EMULATED_CREDENTIALS.EMULATED_AWS_SECRET_ACCESS_KEY,
});
const credentialProcess = `${process.execPath} ${gate}.mjs`;
const CREDENTIAL_PROCESS = `
import { existsSync, writeFileSync } from 'node:fs';
writeFileSync(${JSON.stringify(asked)}, '');
while (!existsSync(${JSON.stringify(gate)})) await new Promise((resolve) => setTimeout(resolve, 20));
console.log(${JSON.stringify(CREDENTIALS)});
`;

interface KillPoint {
  readonly name: string;
  readonly faults: readonly object[];
  /** Brings the task to the point, kills, and lets the next worker go on. */
  strike(taskId: string): Promise<Death>;
}

interface Bill {
  readonly sent: number;
  readonly completed: number;
  readonly suspected: number;
}

const ONCE: Bill = { sent: 1, completed: 1, suspected: 0 };
/** The stream dies with its connection, and what was generated of it is billed. */
const CUT_OFF: Bill = { sent: 2, completed: 1, suspected: 1 };
/** Taken by the cloud, and its name is lost: nobody can ask for it any more. */
const NAMELESS: Bill = { sent: 2, completed: 2, suspected: 1 };

let cluster: Cluster;
let scene: ChaosScene;

const POINTS = {
  prepared: {
    name: 'before it is sent',
    faults: [],
    async strike(taskId) {
      await eventually('credentials are asked for', async () => (existsSync(asked) ? true : undefined));
      expect(scene.attempt(taskId)).toEqual({ kind: 'started' });
      const death = await scene.killWorkerOf(taskId);
      await openGate();
      return death;
    },
  },
  accepted: {
    name: 'between acceptance and the id',
    faults: [LATE],
    async strike(taskId) {
      await openGate();
      await eventually('the cloud has it', async () =>
        (await scene.generations(taskId, AWS)).find(({ outcome }) => outcome === 'completed'),
      );
      expect(scene.attempt(taskId)).toMatchObject({ kind: 'sending' });
      return scene.killWorkerOf(taskId);
    },
  },
  named: {
    name: 'after the id',
    faults: [SLOW],
    async strike(taskId) {
      await openGate();
      await scene.attemptIs(taskId, 'submitted');
      return scene.killWorkerOf(taskId);
    },
  },
  streaming: {
    name: 'in mid-stream',
    faults: [SLOW],
    async strike(taskId) {
      await openGate();
      await eventually('half of it has come', async () =>
        (await scene.generations(taskId, AWS)).find(({ events }) => events >= 5),
      );
      return scene.killWorkerOf(taskId);
    },
  },
  stored: {
    name: 'after the result is stored, before Temporal is told',
    faults: [SLOW],
    async strike(taskId) {
      await openGate();
      await scene.attemptIs(taskId, 'submitted');
      cluster.proxy.freeze();
      await scene.attemptIs(taskId, 'completed');
      const death = await scene.killWorkerOf(taskId);
      cluster.proxy.thaw();
      return death;
    },
  },
} as const satisfies Record<string, KillPoint>;

const MODES = [
  { mode: 'foreground', bills: { prepared: ONCE, accepted: NAMELESS, named: CUT_OFF, streaming: CUT_OFF, stored: ONCE } },
  { mode: 'background', bills: { prepared: ONCE, accepted: NAMELESS, named: ONCE, streaming: ONCE, stored: ONCE } },
] as const;
type PointName = keyof typeof POINTS;

describe.each(MODES)('when a worker is killed in a $mode answer', ({ mode, bills }) => {
  beforeAll(async () => {
    await writeFile(`${gate}.mjs`, CREDENTIAL_PROCESS);
    cluster = await startCluster({
      script: SCRIPT,
      endpoints: [AWS],
      background: mode === 'background' ? [AWS] : [],
      awsCredentialProcess: credentialProcess,
      supervised: true,
    });
    scene = openChaosScene(cluster);
  });
  afterAll(async () => {
    scene.close();
    await cluster.stop();
    await Promise.all([`${gate}.mjs`, gate, asked].map((file) => rm(file, { force: true })));
  });
  beforeEach(() => Promise.all([gate, asked].map((file) => rm(file, { force: true }))));

  // One that dies again and again is started again later and later, which is not what is looked at here: each test ends with another.
  test.each(Object.keys(POINTS) as PointName[])('the next one of its supervisor goes on: %s', async (point) => {
    await eventually('another worker stands by', async () => (cluster.said.at(-1)?.includes('stands by') ? true : undefined));
    const { taskId, death } = await strikeAt(point);

    await expectBill(taskId, bills[point]);

    await tell(`supervised, ${mode}, ${POINTS[point].name}`, taskId, death);
    await Promise.all([cluster.worker().stop(), cluster.startWorker()]);
  });

  test('a worker of another host goes on when its supervisor is gone, too: after a heartbeat timeout, at whatever point it was', async () => {
    await cluster.setFaults(AWS, [SLOW]);
    const { taskId } = await cluster.tasks.start({ prompt: 'talk', model: MODEL });
    await openGate();
    await scene.attemptIs(taskId, 'submitted');
    const death = killHostOf(taskId);
    await cluster.startWorker();

    await expectBill(taskId, bills.named);

    await tell(`host gone, ${mode}`, taskId, death);
  });
});

/** Starts a task, brings it to the point, and kills. */
async function strikeAt(point: PointName): Promise<{ taskId: string; death: Death }> {
  const { faults, strike } = POINTS[point];
  if (faults.length > 0) await cluster.setFaults(AWS, faults);
  const { taskId } = await cluster.tasks.start({ prompt: 'talk', model: MODEL });
  return { taskId, death: await strike(taskId) };
}

/** The supervisor is stopped first, so that it neither tells the worker nor recovers anything. */
function killHostOf(taskId: string): Death {
  const owner = scene.ownerOf(taskId);
  if (owner === undefined) throw new Error('nothing runs');
  process.kill(cluster.worker().pid, 'SIGSTOP');
  process.kill(Number.parseInt(owner, 10), 'SIGKILL');
  cluster.worker().kill();
  return { owner, atMs: Date.now() };
}

async function expectBill(taskId: string, bill: Bill): Promise<void> {
  const result = await cluster.tasks.result(taskId);
  const sent = await scene.generations(taskId, AWS);
  const completed = sent.filter(({ outcome }) => outcome === 'completed').length;
  expect({ sent: sent.length, completed, suspected: result.suspectedTwice.count }).toEqual(bill);
  expect(result).toMatchObject({ state: 'completed', turns: 1 });
}

async function tell(what: string, taskId: string, death: Death): Promise<void> {
  console.log(`${what}: next step after ${await scene.millisecondsUntilNext(taskId, death)} ms`);
}

function openGate(): Promise<void> {
  return writeFile(gate, '');
}
