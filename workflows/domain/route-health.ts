/** What all workers know together of a route's deployments, as an activity read it from the task store when it ended. */
import type { DeploymentId } from './ids.ts';

/** A deployment that should not be asked now. */
export interface DeploymentNotice {
  readonly deployment: DeploymentId;
  /**
   * open: its circuit is · throttled: it asked for less · probing: another task is finding out whether it is back · drained: an
   * operator keeps its queue back, for as long as nobody says otherwise.
   */
  readonly kind: 'open' | 'throttled' | 'probing' | 'drained';
  readonly untilMs: number;
  /** Throttled again after a pause, without an answer in between: waiting has not helped. */
  readonly isRepeated?: true;
}

export interface RouteHealth {
  readonly notices: readonly DeploymentNotice[];
  /** Endpoints whose budget of retries is used up across all tasks: fail over, but don't ask them again. */
  readonly withoutRetries: readonly string[];
  /** Most deployments fail at once, so that our own network, clock or deploy is the likelier cause. */
  readonly isPanic: boolean;
}

export const HEALTHY: RouteHealth = { notices: [], withoutRetries: [], isPanic: false };

/** Until when a deployment is better left alone; 0 when nothing speaks against it. */
export function avoidedUntil({ notices }: RouteHealth, deployment: DeploymentId): number {
  return notices.reduce((latest, notice) => (notice.deployment === deployment ? Math.max(latest, notice.untilMs) : latest), 0);
}

/** What speaks against asking a deployment now: a pause that is asked for only when nothing worse does. */
export function activeNotice({ notices }: RouteHealth, deployment: DeploymentId, nowMs: number): DeploymentNotice | undefined {
  const weight = ({ kind }: DeploymentNotice): number => (kind === 'throttled' ? 1 : 0);
  return notices
    .filter((notice) => notice.deployment === deployment && notice.untilMs > nowMs)
    .toSorted((left, right) => weight(left) - weight(right) || right.untilMs - left.untilMs)[0];
}
