import type { AttemptRecord, FinishTaskInput, TaskResult } from '../workflows/activity-interfaces.ts';
import { endpointOf } from '../workflows/domain/ids.ts';
import { describeFailure } from '../workflows/domain/model-failure.ts';
import type { TranscriptItem } from '../workflows/domain/transcript.ts';
import type { TaskEnding } from '../workflows/domain/turn.ts';
import type { Usage } from '../workflows/domain/usage.ts';
import { addUsage, NO_USAGE } from '../workflows/domain/usage.ts';
import { currentTaskId } from './current-task.ts';
import { toActivityFailure } from './failures.ts';
import type { AttemptEntry, TaskStore, ToolCallEntry } from './store/task-store.ts';

/** Temporal refuses payloads of 2 MB; a result carries a diff of up to 400 KB, too. In UTF-16 units, at most 3 bytes each. */
const MOST_OUTPUT_CHARACTERS = 128 * 1024;
/** About 150 bytes each: a task of thousands of attempts still has a result. The counts and costs are of all of them. */
const MOST_ATTEMPTS = 2_000;

/** The activity `finishTask`: what the task came to, computed from the journals. */
export function createFinishTask({ store }: { readonly store: TaskStore }) {
  return async ({ head, turns, ending }: FinishTaskInput): Promise<Omit<TaskResult, 'diff' | 'diffPath'>> => {
    const taskId = currentTaskId();
    try {
      const transcript = await store.readTranscript(taskId, head);
      const attempts = await store.listAttempts(taskId);
      const toolCalls = await store.listToolCalls(taskId);
      return {
        taskId,
        state: ending.kind,
        ...reasonOf(ending),
        output: outputOf(transcript),
        turns,
        attempts: attempts.slice(-MOST_ATTEMPTS).map(toRecord),
        ...spentOn(attempts),
        suspectedPaidTwice: countPaidTwice(attempts),
        toolEffectsTwice: countEffectsTwice(toolCalls),
      };
    } catch (error) {
      throw toActivityFailure(error);
    }
  };
}

function reasonOf(ending: TaskEnding): Pick<TaskResult, 'reason'> {
  return ending.kind === 'failed' ? { reason: ending.reason } : {};
}

function outputOf(transcript: readonly TranscriptItem[]): string {
  const text = transcript.findLast((item) => item.kind === 'assistant-message')?.text ?? '';
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

/** Only what clouds reported: failed attempts report nothing, and `suspectedPaidTwice` counts them. */
function spentOn(attempts: readonly AttemptEntry[]): { usage: Usage; costUsdMicros: number } {
  const answers = attempts.flatMap(({ state }) => (state.kind === 'completed' ? [state.answer] : []));
  return {
    usage: answers.reduce((sum, answer) => addUsage(sum, answer.usage), NO_USAGE),
    costUsdMicros: answers.reduce((sum, answer) => sum + answer.costUsdMicros, 0),
  };
}

/** Attempts that a cloud may have billed without our getting the answer, and that were made again in the same turn. */
function countPaidTwice(attempts: readonly AttemptEntry[]): number {
  return attempts.filter((entry, index) => isSuspect(entry) && attempts[index + 1]?.key.turn === entry.key.turn).length;
}

function isSuspect({ state }: AttemptEntry): boolean {
  switch (state.kind) {
    case 'sending':
    case 'submitted':
      return true;
    case 'failed':
      return state.failure.acceptance !== 'not-accepted';
    case 'started':
    case 'completed':
    case 'cancelled':
      return false;
  }
}

function countEffectsTwice(toolCalls: readonly ToolCallEntry[]): number {
  return toolCalls.filter(({ retryClass, starts }) => retryClass !== 'read-only' && starts > 1).length;
}
