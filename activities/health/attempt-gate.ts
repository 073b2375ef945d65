/** What stands before every new attempt: the circuits, the retry budget and the limits that all workers share. */
import type { DeploymentId, TaskId } from '../../workflows/domain/ids.ts';
import type { ModelFailure } from '../../workflows/domain/model-failure.ts';
import type { RateHint } from '../../workflows/domain/rate-window.ts';
import type { RetryCause } from '../../workflows/domain/retry-budget.ts';
import type { RouteHealth } from '../../workflows/domain/route-health.ts';
import type { Usage } from '../../workflows/domain/usage.ts';
import { ModelFailureError } from '../clouds/cloud-client.ts';

export interface AttemptGate {
  /**
   * Lets an attempt through that was not begun before. @throws ModelFailureError of kind `held` when it must not be sent now,
   * TaskStoreError when nobody can say
   */
  admit(attempt: NewAttempt): Promise<Ticket>;
  /** What all workers know of a model's deployments, half a second old at most; undefined when nothing speaks against any. */
  snapshot(model: string): Promise<RouteHealth | undefined>;
}

export interface NewAttempt {
  readonly taskId: TaskId;
  readonly deployment: DeploymentId;
  readonly retry?: RetryCause;
  /** Asked only where tokens are limited. */
  estimateTokens(): number;
}

/** An attempt that was let through. */
export interface Ticket {
  /** The first event of the answer arrived; further calls say nothing. */
  firstEvent(): void;
  /** Only the first end counts. A store that is away does not make the attempt's own end fail: what it says of the health is lost then. */
  end(how: AttemptEnd): Promise<void>;
}

export type AttemptEnd =
  | { readonly kind: 'answered'; readonly usage: Usage; readonly rateLimit?: RateHint | undefined }
  | { readonly kind: 'failed'; readonly failure: ModelFailure; readonly rateLimit?: RateHint | undefined }
  /** Cancelled, or our own worker stopped: says nothing of the cloud. */
  | { readonly kind: 'abandoned' };

/** Nothing was sent; `code` says what held it. */
export function heldError(code: string, retryAfterMs?: number): ModelFailureError {
  return new ModelFailureError({
    kind: 'held',
    phase: 'resolve',
    acceptance: 'not-accepted',
    scope: 'deployment',
    code,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}
