/** A stored answer as the workflow is told of it: ids, counts and excerpts. */
import type { ItemId, TranscriptItem } from '../workflows/domain/transcript.ts';
import { excerptOf, toPrintable } from '../workflows/domain/tool-call.ts';
import type { ToolCallReference, TurnAnswer } from '../workflows/domain/turn.ts';
import { toldOfSession } from './told-of-sessions.ts';
import type { ServedDeployment } from './served-deployment.ts';
import type { AttemptKey, StoredAnswer, TaskStore } from './store/task-store.ts';

export interface TurnAnswerDependencies {
  readonly store: TaskStore;
  /** Whether calls of this built-in tool may run beside others of the same answer. */
  isSideBySide(tool: string): boolean;
}

const EXCERPT_CHARACTERS = 120;

interface Answered {
  readonly key: AttemptKey;
  readonly answer: StoredAnswer;
  readonly served: Pick<ServedDeployment, 'deployment' | 'sessions'> | undefined;
}

export async function toTurnAnswer(
  { store, isSideBySide }: TurnAnswerDependencies,
  { key: { taskId }, answer, served }: Answered,
): Promise<TurnAnswer> {
  const items = await Promise.all(answer.items.map((id) => store.getItem(taskId, id)));
  const said = items.flatMap((item) => (item.kind === 'assistant-message' ? [item.text] : [])).join(' ');
  const excerpt = toPrintable(said, EXCERPT_CHARACTERS);
  const { offered = [] } = await store.getSettings(taskId);
  const added = new Map(offered.map(({ definition, retryClass }) => [definition.name, retryClass === 'read-only']));
  const toReference = (item: TranscriptItem, id: ItemId | undefined): readonly ToolCallReference[] => {
    if (item.kind !== 'tool-call' || id === undefined) return [];
    const reference = { callId: item.callId, name: item.name, item: id, excerpt: excerptOf(item) };
    return [(added.get(item.name) ?? isSideBySide(item.name)) ? { ...reference, sideBySide: true } : reference];
  };
  return {
    head: answer.head,
    calls: items.flatMap((item, index) => toReference(item, answer.items[index])),
    usage: answer.usage,
    costUsdMicros: answer.costUsdMicros,
    ...(excerpt === '' ? {} : { excerpt }),
    ...(answer.incomplete === undefined ? {} : { incomplete: answer.incomplete }),
    ...(served?.sessions === undefined ? {} : await toldOfSession(store, taskId, served.deployment.id)),
  };
}
