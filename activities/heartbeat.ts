import { Context } from '@temporalio/activity';

/** Five beats fit into the heartbeat timeout; the worker passes on every one (`maxHeartbeatThrottleInterval`). */
const BEAT_MS = 1_000;

/** Beats while `work` runs, so that the loss of this worker is seen within seconds and a cancel can reach it. */
export async function withHeartbeat<Result>(work: () => Promise<Result>): Promise<Result> {
  const context = Context.current();
  context.heartbeat();
  const timer = setInterval(() => context.heartbeat(), BEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
