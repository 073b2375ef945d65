/** Stops what a session does, and removes it. What is over already is no failure. */
import { setTimeout as pause } from 'node:timers/promises';
import { ModelFailureError } from '../../clouds/cloud-client.ts';
import type { AgentsCall } from './exchange.ts';
import { exchange } from './exchange.ts';
import { readSession } from './read-session.ts';

export async function cancelTurn(call: AgentsCall, sessionId: string): Promise<void> {
  const events = [{ type: 'agent.session.input.cancel' } as const];
  try {
    const response = await exchange(call, (signal) =>
      call.sdk.beta.agents.sessions.events.create(sessionId, { events }, { signal }).asResponse(),
    );
    await response.body?.cancel();
  } catch (error) {
    if (!isOver(error)) throw error;
  }
}

/** One that works has to be stopped first (SDK 7.57): it is waited for within the call's limit. */
export async function removeSession(call: AgentsCall, sessionId: string): Promise<void> {
  if ((await remove(call, sessionId)) === 'removed') return;
  await cancelTurn(call, sessionId);
  const until = Date.now() + call.timeouts.cancelMs;
  while ((await statusOf(call, sessionId)) === 'in_progress' && Date.now() < until) {
    await pause(call.timeouts.pollMs, undefined, { signal: call.timer.signal });
  }
  if ((await remove(call, sessionId)) === 'removed') return;
  throw new ModelFailureError({
    kind: 'unavailable',
    phase: 'headers',
    acceptance: 'not-accepted',
    scope: 'request',
    code: 'session still works',
    responseId: sessionId,
  });
}

async function remove(call: AgentsCall, sessionId: string): Promise<'removed' | 'busy'> {
  try {
    const response = await exchange(call, (signal) => call.sdk.beta.agents.sessions.delete(sessionId, { signal }).asResponse());
    await response.body?.cancel();
    return 'removed';
  } catch (error) {
    if (statusIn(error) === 404) return 'removed';
    if (statusIn(error) !== 409) throw error;
    return 'busy';
  }
}

async function statusOf(call: AgentsCall, sessionId: string): Promise<string> {
  try {
    return (await readSession(call, sessionId)).status;
  } catch (error) {
    if (statusIn(error) === 404) return 'gone';
    throw error;
  }
}

/** Whether what was to be ended is not there any more, or does nothing. */
function isOver(error: unknown): boolean {
  return [400, 404, 409].includes(statusIn(error) ?? 0);
}

function statusIn(error: unknown): number | undefined {
  return error instanceof ModelFailureError ? error.failure.status : undefined;
}
