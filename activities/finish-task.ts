import { isDeepStrictEqual } from 'node:util';
import type { AttemptRecord, FinishTaskInput, TaskResult } from '../workflows/activity-interfaces.ts';
import type { TaskId } from '../workflows/domain/ids.ts';
import { endpointOf } from '../workflows/domain/ids.ts';
import type { AttemptSettlement, LedgerEntry } from '../workflows/domain/ledger.ts';
import { ledgerOf } from '../workflows/domain/ledger.ts';
import { describeFailure } from '../workflows/domain/model-failure.ts';
import type { ItemId, TranscriptItem } from '../workflows/domain/transcript.ts';
import type { TaskEnding } from '../workflows/domain/turn.ts';
import { addUsage, NO_USAGE } from '../workflows/domain/usage.ts';
import { MOST_OUTPUT_CHARACTERS, outputTextOf } from './conversation/task-output.ts';
import { currentTaskId } from './current-task.ts';
import { toActivityFailure } from './failures.ts';
import { leftBehindBy } from './told-of-sessions.ts';
import type { AttemptEntry, AttemptState, TaskStanding, TaskStore, ToolCallEntry } from './store/task-store.ts';

/** About 150 bytes each: a task of thousands of attempts still has a result. The counts and costs are of all of them. */
const MOST_ATTEMPTS = 2_000;

/** The activity `finishTask`: what the task came to, computed from the journals. */
export function createFinishTask({ store }: { readonly store: TaskStore }) {
  return async ({
    head,
    results = [],
    unread = [],
    turns,
    ending,
  }: FinishTaskInput): Promise<Omit<TaskResult, 'diff' | 'diffPath'>> => {
    const taskId = currentTaskId();
    try {
      const transcript = await store.readTranscript(taskId, head);
      const attempts = await store.listAttempts(taskId);
      const toolCalls = await store.listToolCalls(taskId);
      const sessions = await store.listAgentSessions(taskId);
      await keepStanding(store, taskId, { head, results, turn: turns, unread });
      return {
        taskId,
        state: ending.kind,
        ...reasonOf(ending),
        output: outputOf(transcript),
        turns,
        attempts: attempts.slice(-MOST_ATTEMPTS).map(toRecord),
        ...spentOn(attempts),
        toolEffectsTwice: countEffectsTwice(toolCalls),
        toolCalls: toolCalls.length,
        ...leftBehindBy(sessions),
      };
    } catch (error) {
      throw toActivityFailure(error);
    }
  };
}

/**
 * A message may let the task go on from here. One that could not go on after its end stands where it stood, and what was said to it waits
 * for the next message.
 */
async function keepStanding(
  store: TaskStore,
  taskId: TaskId,
  { unread, ...here }: TaskStanding & { readonly unread: readonly ItemId[] },
): Promise<void> {
  if (here.turn === 0 && unread.length === 0) return;
  const settings = await store.getSettings(taskId);
  const { unread: before = [], ...standing }: TaskStanding = here.turn > 0 ? here : (settings.ended ?? here);
  // Whoever tries this again finds what it wrote.
  const isKept = isDeepStrictEqual(before.slice(-unread.length), unread);
  const waiting = isKept ? before : [...before, ...unread];
  const ended = { ...standing, ...(waiting.length === 0 ? {} : { unread: waiting }) };
  if (ended.turn > 0) await store.putSettings(taskId, { ...settings, ended });
}

function reasonOf(ending: TaskEnding): Pick<TaskResult, 'reason'> {
  return ending.kind === 'failed' ? { reason: ending.reason } : {};
}

function outputOf(transcript: readonly TranscriptItem[]): string {
  const text = outputTextOf(transcript);
  return text.length <= MOST_OUTPUT_CHARACTERS
    ? text
    : `${text.slice(0, MOST_OUTPUT_CHARACTERS).toWellFormed()}\n[cut: ${text.length} characters]`;
}

function toRecord({ key, deployment, state }: AttemptEntry): AttemptRecord {
  const record = { turn: key.turn, endpoint: endpointOf(deployment) };
  switch (state.kind) {
    case 'completed':
    case 'cancelled':
      return { ...record, outcome: state.kind };
    case 'failed':
      return { ...record, outcome: 'failed', failure: describeFailure(state.failure) };
    case 'started':
    case 'sending':
    case 'submitted':
      return { ...record, outcome: 'unknown' };
  }
}

type Spent = Pick<TaskResult, 'usage' | 'paid' | 'suspenseUsdMicros' | 'suspectedTwice'>;

/** `usage` and what was paid are what clouds reported; attempts without an answer report nothing, and the ledger keeps them apart. */
function spentOn(attempts: readonly AttemptEntry[]): Spent {
  const answers = attempts.flatMap(({ state }) => (state.kind === 'completed' ? [state.answer] : []));
  const { totals, settledByCloud, settledByEndpoint, suspectedTwice } = ledgerOf(attempts.map(toLedgerEntry));
  return {
    usage: answers.reduce((sum, answer) => addUsage(sum, answer.usage), NO_USAGE),
    paid: { usdMicros: totals.settledUsdMicros, byCloud: settledByCloud, byEndpoint: settledByEndpoint },
    suspenseUsdMicros: totals.suspenseUsdMicros,
    suspectedTwice,
  };
}

function toLedgerEntry({ key, deployment, reserve, state }: AttemptEntry): LedgerEntry {
  return {
    turn: key.turn,
    endpoint: endpointOf(deployment),
    cloud: reserve?.cloud ?? null,
    reservedUsdMicros: reserve?.usdMicros ?? 0,
    settlement: settlementOf(state),
  };
}

function settlementOf(state: AttemptState): AttemptSettlement {
  switch (state.kind) {
    case 'completed':
      return { kind: 'settled', costUsdMicros: state.answer.costUsdMicros };
    case 'failed':
      return { kind: state.failure.acceptance === 'not-accepted' ? 'released' : 'suspense' };
    // A request that was in flight when it was cancelled: clouds bill what they generated until they noticed.
    case 'cancelled':
      return { kind: state.acceptance === 'not-accepted' ? 'released' : 'suspense' };
    // Nothing of it was sent.
    case 'started':
      return { kind: 'released' };
    case 'sending':
    case 'submitted':
      return { kind: 'suspense' };
  }
}

/** A call in the workspace runs again only after its files were put back: what it did before is undone. */
function countEffectsTwice(toolCalls: readonly ToolCallEntry[]): number {
  return toolCalls.filter(({ retryClass, starts }) => retryClass === 'external' && starts > 1).length;
}
