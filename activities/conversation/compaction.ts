/** A turn that sums the conversation up: what is asked of the model, and what the task goes on with. */
import { compactionLimits, summaryRequestTokens } from '../../workflows/domain/compaction.ts';
import type { TaskId } from '../../workflows/domain/ids.ts';
import type { ModelFailure } from '../../workflows/domain/model-failure.ts';
import type { Deployment } from '../../workflows/domain/route.ts';
import type { TranscriptHead, TranscriptItem } from '../../workflows/domain/transcript.ts';
import { EMPTY_TRANSCRIPT } from '../../workflows/domain/transcript.ts';
import { ModelFailureError } from '../clouds/cloud-client.ts';
import type { TaskStore } from '../store/task-store.ts';
import { compactedTranscript, summaryRequest } from './compact-transcript.ts';
import { shrinkForSummary } from './shrink-for-summary.ts';

type Window = Pick<Deployment, 'contextWindow'>;

/** Of a window that nobody knows: small enough for the models that tasks are given to. */
const USUAL_WINDOW = 128_000;

/** The conversation, as much of it as the deployment takes, with the question for a summary. */
export function askForSummary(
  transcript: readonly TranscriptItem[],
  { contextWindow = USUAL_WINDOW }: Window,
): readonly TranscriptItem[] {
  return summaryRequest(shrinkForSummary(transcript, summaryRequestTokens(contextWindow)));
}

/** The task must not go on without what it knew. */
const NO_SUMMARY: ModelFailure = {
  kind: 'protocol',
  phase: 'terminal',
  acceptance: 'accepted',
  scope: 'request',
  code: 'empty summary',
};

/**
 * Stores the conversation that the task goes on with; repeated with the same answer it gives the same head.
 * @throws ModelFailureError when the answer is no summary
 */
export async function keepCompacted(
  store: TaskStore,
  taskId: TaskId,
  { transcript, answer, window }: { transcript: readonly TranscriptItem[]; answer: readonly TranscriptItem[]; window: Window },
): Promise<TranscriptHead> {
  const summary = answer.flatMap((item) => (item.kind === 'assistant-message' ? [item.text] : [])).join('\n');
  if (summary.trim() === '') throw new ModelFailureError(NO_SUMMARY);
  const items = await store.putItems(taskId, compactedTranscript(transcript, summary, compactionLimits(window.contextWindow)));
  return store.appendToTranscript(taskId, EMPTY_TRANSCRIPT, items);
}
