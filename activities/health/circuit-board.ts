/**
 * What all workers know together of the clouds' health. Each counts in its memory; what follows from the counts (an opened circuit, a
 * leased probe, a spent budget) is in the task store, changed by compare-and-set and seen by the others within a second.
 */
import { awaitFirstEvent, countStart, whyOpen } from '../../workflows/domain/circuit-counts.ts';
import type { Circuit } from '../../workflows/domain/circuit.ts';
import { isPanic, noticeOf } from '../../workflows/domain/circuit-notices.ts';
import { circuitKeysOf } from '../../workflows/domain/circuit-scope.ts';
import type { RateWindow } from '../../workflows/domain/rate-window.ts';
import { waitForRoom } from '../../workflows/domain/rate-window.ts';
import type { RetryBudget } from '../../workflows/domain/retry-budget.ts';
import type { DeploymentNotice, RouteHealth } from '../../workflows/domain/route-health.ts';
import type { TaskStore } from '../store/task-store.ts';
import type { Role, Undo } from './admissions.ts';
import { passCircuit, passThrottle, release, takeRetry, takeRoom } from './admissions.ts';
import type { AttemptGate, NewAttempt, Ticket } from './attempt-gate.ts';
import type { Board, BoardTarget } from './board.ts';
import { count, rateKeyOf, retryKeyOf } from './board.ts';
import { createTicket } from './create-ticket.ts';
import { open } from './open-circuit.ts';
import { createSharedHealth } from './shared-health.ts';

export interface CircuitBoardOptions {
  readonly store: Pick<TaskStore, 'readShared' | 'compareAndSetShared'>;
  readonly deployments: readonly BoardTarget[];
  /** Tells apart who holds a probe: one for each process. */
  readonly workerId: string;
  now(): number;
  /** In [0, 1). */
  chance(): number;
  /** Tells the operator, once for each event. */
  alert(message: string): void;
}

/** Between probes a panic seems to be over for a moment; longer calm ends the episode. */
const EPISODE_GAP_MS = 300_000;

export function createCircuitBoard({ store, deployments, ...rest }: CircuitBoardOptions): AttemptGate {
  const keys = new Set(deployments.flatMap(keysBehind));
  const board: Board = {
    ...rest,
    targets: deployments,
    shared: createSharedHealth({ store, keys: [...keys], now: rest.now }),
    counts: new Map(),
    tallies: new Map(),
    roomFromMs: new Map(),
  };
  const panics = new Map<string, number>();
  let attempts = 0;
  return {
    admit: (attempt) => admit(board, attempt, (attempts += 1)),
    async snapshot(model) {
      await board.shared.refresh();
      const health = healthOf(board, model);
      warnOnce(board, panics, { model, isPanic: health.isPanic });
      const isQuiet = health.notices.length === 0 && health.withoutRetries.length === 0 && !health.isPanic;
      return isQuiet ? undefined : health;
    },
  };
}

function keysBehind(target: BoardTarget): readonly string[] {
  const { id, endpoint } = target.deployment;
  return [...circuitKeysOf(target), retryKeyOf(endpoint), rateKeyOf(id)];
}

async function admit(board: Board, attempt: NewAttempt, id: number): Promise<Ticket> {
  const target = board.targets.find(({ deployment }) => deployment.id === attempt.deployment);
  if (target === undefined) throw new Error(`the circuit board does not know the deployment ${attempt.deployment}`);
  await board.shared.refresh();
  const keys = circuitKeysOf(target);
  const deploymentKey = `deployment:${target.deployment.id}`;
  await openWhatIsSilent(board, target, deploymentKey);
  passThrottle(board, keys, attempt.retry);
  const { roles, reserved } = await passAll(board, { attempt, target, keys, holder: `${board.workerId}#${id}` });
  const nowMs = board.now();
  for (const key of keys) count(board, key, (counts) => countStart(counts, nowMs));
  count(board, deploymentKey, (counts) => awaitFirstEvent(counts, id, nowMs));
  return createTicket(board, { id, attempt, target, keys, deploymentKey, roles, reserved, startedMs: nowMs });
}

interface Passing {
  readonly attempt: NewAttempt;
  readonly target: BoardTarget;
  readonly keys: readonly string[];
  readonly holder: string;
}

/** What was taken on the way is given back when a later check holds the attempt. */
async function passAll(board: Board, { attempt, target, keys, holder }: Passing) {
  const undo: Undo[] = [];
  try {
    const roles: Role[] = [];
    for (const key of keys) {
      const role = await passCircuit(board, key, holder);
      if (role === undefined) continue;
      roles.push(role);
      undo.push(() => release(board, role));
    }
    if (attempt.retry !== undefined) undo.push(await takeRetry(board, target, attempt.retry));
    const reserved = target.limits === undefined ? undefined : attempt.estimateTokens();
    if (reserved !== undefined) undo.push(await takeRoom(board, target, reserved));
    return { roles, reserved };
  } catch (error) {
    for (const step of undo.toReversed()) await step();
    throw error;
  }
}

/** Calls that wait for their first event have said nothing yet; that most of them do so says enough. */
async function openWhatIsSilent(board: Board, target: BoardTarget, key: string): Promise<void> {
  const why = whyOpen(
    count(board, key, (counts) => counts),
    board.now(),
  );
  if (why !== undefined) await open(board, key, { target, failureClass: 'slow-first-event', why });
}

function healthOf(board: Board, model: string): RouteHealth {
  const nowMs = board.now();
  const targets = board.targets.filter(({ deployment }) => deployment.model === model);
  const find = (key: string) => board.shared.find<Circuit>(key);
  const endpoints = new Set(targets.map(({ deployment }) => deployment.endpoint));
  return {
    notices: targets.flatMap((target) => {
      const notice = noticeOf(target, find, nowMs) ?? fullNotice(board, target, nowMs);
      return notice === undefined ? [] : [notice];
    }),
    withoutRetries: [...endpoints].filter((name) => board.shared.find<RetryBudget>(retryKeyOf(name))?.isExhausted === true),
    isPanic: isPanic(targets, find, nowMs),
  };
}

/** A deployment without room for the smallest call, or for one that waits. */
function fullNotice({ shared, roomFromMs }: Board, target: BoardTarget, nowMs: number): DeploymentNotice | undefined {
  const { deployment, limits } = target;
  const window = shared.find<RateWindow>(rateKeyOf(deployment.id));
  if (limits === undefined || window === undefined) return undefined;
  const waitMs = waitForRoom(window, limits, { tokens: 1, nowMs });
  const untilMs = Math.max(nowMs + waitMs, roomFromMs.get(deployment.id) ?? 0);
  return untilMs > nowMs ? { deployment: deployment.id, kind: 'throttled', untilMs } : undefined;
}

function warnOnce(
  board: Board,
  panics: Map<string, number>,
  { model, isPanic: isNow }: { model: string; isPanic: boolean },
): void {
  if (!isNow) return;
  const nowMs = board.now();
  const lastMs = panics.get(model) ?? -Infinity;
  panics.set(model, nowMs);
  if (nowMs - lastMs < EPISODE_GAP_MS) return;
  board.alert(
    `most deployments of ${model} fail at once: is our own network, clock or deploy at fault? Circuits open for 15 s at most meanwhile`,
  );
}
