/**
 * `npm run bench -- failover`: the first of two clouds breaks in every known way; what that costs our tasks, beside the `openai` SDK
 * with its defaults against the same emulated cloud. Goals are not asserted.
 */
import Table from 'cli-table3';
import { setTimeout as pause } from 'node:timers/promises';
import type { FaultName } from '../support/faults.ts';
import { FAULTS } from '../support/faults.ts';
import type { FailoverStage, OurCall } from './failover-stage.ts';
import { startFailoverStage } from './failover-stage.ts';
import { quantile } from './statistics.ts';

/** After the first victim, one at a time, so that each can learn from those before it. */
const LATER_TASKS = 5;
/** Each waits as long as the SDK makes it, which is what is measured. */
const SDK_CALLS = 3;
/** The limit on silence that both sides get: ours by configuration, the SDK's caller by giving up. */
const SILENCE_MS = 1_000;
const OUTAGE_MS = 60_000;
const OUTAGE_TASKS = 15;

const KINDS = [
  'connectRefused',
  'blackHole',
  'resetBeforeAccept',
  'resetAfterAccept',
  'rateLimitedForSeconds',
  'rateLimitedForMilliseconds',
  'rateLimitedUntilDate',
  'rateLimited',
  'provisionedThroughput',
  'noCapacity',
  'quotaExhausted',
  'billing',
  'serverError',
  'badGateway',
  'unavailable',
  'overloaded',
  'gatewayTimeout',
  'unauthenticated',
  'forbidden',
  'noDeployment',
  'slowFirstEvent',
  'stallAfterOutput',
  'cutBeforeOutput',
  'cutAfterOutput',
  'malformedEvent',
  'errorBeforeOutput',
  'errorAfterOutput',
  'missingTerminal',
] as const satisfies readonly FaultName[];

const stage = await startFailoverStage(SILENCE_MS);
try {
  const healthyMs = await measureHealthy(stage);
  console.log(`a healthy turn takes ${healthyMs.toFixed(0)} ms, task store and Temporal included; times below are added to it\n`);
  await printFaults(stage, healthyMs);
  await printOutage(stage, healthyMs);
} finally {
  await stage.stop();
}

async function measureHealthy({ restart, runTask }: FailoverStage): Promise<number> {
  await restart();
  const calls: OurCall[] = [];
  for (let count = 0; count < LATER_TASKS; count += 1) calls.push(await runTask());
  // The first one finds cold caches.
  return quantile(
    calls.slice(1).map(({ turnMs }) => turnMs),
    0.5,
  );
}

async function printFaults(to: FailoverStage, healthyMs: number): Promise<void> {
  const table = new Table({
    head: [
      'the first cloud',
      'first +ms',
      'later +ms',
      'requests to it',
      'billed',
      'SDK answers',
      'SDK ms',
      'SDK requests',
      'SDK billed',
    ],
  });
  for (const kind of KINDS) {
    console.error(`${kind} …`);
    table.push(await rowOf(to, kind, healthyMs));
  }
  console.log(table.toString());
  console.log(
    `${LATER_TASKS + 1} tasks and ${SDK_CALLS} SDK calls each, while the fault lasts. requests: all of them to the broken cloud. billed: ` +
      'generations paid for each answer that was had. Goals: at most 100 ms for the first victim once the failure is known, 5 ms for those ' +
      'after its circuit is open, no request but probes then.\n',
  );
}

async function rowOf(to: FailoverStage, kind: FaultName, healthyMs: number): Promise<string[]> {
  await to.restart();
  await to.setFault({
    ...FAULTS[kind].fault,
    ...(kind.startsWith('cutAfter') || kind.startsWith('reset') ? { billed: true } : {}),
  });
  const first = await to.runTask();
  const later: OurCall[] = [];
  for (let count = 0; count < LATER_TASKS; count += 1) later.push(await to.runTask());
  const ours = [first, ...later];
  const oursBilled = await to.countBilled('ours');
  const sdk = [];
  for (let count = 0; count < SDK_CALLS; count += 1) sdk.push(await to.callSdk());
  const sdkBilled = await to.countBilled('sdk');
  await to.clearFaults();
  const answered = sdk.filter(({ outcome }) => outcome === 'answered').length;
  return [
    kind,
    (first.turnMs - healthyMs).toFixed(0),
    (
      quantile(
        later.map(({ turnMs }) => turnMs),
        0.5,
      ) - healthyMs
    ).toFixed(0),
    String(sum(ours.map(({ requestsToFirst }) => requestsToFirst))),
    perAnswer(oursBilled, ours.filter(({ state }) => state === 'completed').length),
    `${answered} of ${sdk.length}`,
    quantile(
      sdk.map(({ ms }) => ms),
      0.5,
    ).toFixed(0),
    String(sum(sdk.map(({ requests }) => requests))),
    perAnswer(sdkBilled, answered),
  ];
}

/** Tasks come in evenly while the first cloud is gone for a minute, as in the measurements of other routers. */
async function printOutage(to: FailoverStage, healthyMs: number): Promise<void> {
  console.error(`an outage of ${OUTAGE_MS / 1000} s …`);
  await to.restart();
  await to.setFault({ kind: 'connect-refused', untilMs: OUTAGE_MS });
  const ours: Promise<OurCall>[] = [];
  const sdk: ReturnType<FailoverStage['callSdk']>[] = [];
  for (let count = 0; count < OUTAGE_TASKS; count += 1) {
    ours.push(to.runTask());
    sdk.push(to.callSdk());
    await pause(OUTAGE_MS / OUTAGE_TASKS);
  }
  const [tasks, calls] = [await Promise.all(ours), await Promise.all(sdk)];
  const answered = calls.filter(({ outcome }) => outcome === 'answered').length;
  const added = tasks.map(({ turnMs }) => turnMs - healthyMs);
  console.log(
    `${OUTAGE_MS / 1000} s outage, ${OUTAGE_TASKS} tasks: ${tasks.filter(({ state }) => state === 'completed').length} completed, ` +
      `${sum(tasks.map(({ requestsToFirst }) => requestsToFirst))} requests to the dead cloud, ` +
      `added ms p50 ${quantile(added, 0.5).toFixed(0)}, max ${Math.max(...added).toFixed(0)}. ` +
      `SDK: ${answered} answered, ${sum(calls.map(({ requests }) => requests))} requests.`,
  );
}

function perAnswer(billed: number, answers: number): string {
  return answers === 0 ? `${billed} for none` : (billed / answers).toFixed(2);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
