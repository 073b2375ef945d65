import { ApplicationFailure } from '@temporalio/activity';
import type { CheckOutputInput, CheckOutputResult } from '../workflows/activity-interfaces.ts';
import type { TaskId } from '../workflows/domain/ids.ts';
import type { OutputSchema } from '../workflows/domain/output-schema.ts';
import { MOST_OUTPUT_CHARACTERS, outputTextOf } from './conversation/task-output.ts';
import type { OutputVerdict } from './conversation/validate-output.ts';
import { validateOutput } from './conversation/validate-output.ts';
import { currentTaskId } from './current-task.ts';
import { toActivityFailure } from './failures.ts';
import type { TaskStore } from './store/task-store.ts';

const CORRECT_IT =
  'Send the whole answer again: JSON alone that fits the schema, without a fence or a word around it. Call no tool for it unless you need to know more.';

/** The activity `checkOutput`: whether what the task came to fits the schema it was asked for. Repeating it is safe. */
export function createCheckOutput({ store }: { readonly store: TaskStore }) {
  return async ({ head }: CheckOutputInput): Promise<CheckOutputResult> => {
    const taskId = currentTaskId();
    try {
      const { outputSchema } = await store.getSettings(taskId);
      if (outputSchema === undefined) return { valid: true };
      const text = outputTextOf(await store.readTranscript(taskId, head));
      return await answerTo(store, taskId, await check(outputSchema, text));
    } catch (error) {
      throw toActivityFailure(error);
    }
  };
}

/** A result cuts what is longer, and half of a JSON is none. */
async function check(schema: OutputSchema, text: string): Promise<OutputVerdict> {
  if (text.length <= MOST_OUTPUT_CHARACTERS) return validateOutput(schema, text);
  const problem = `it has ${text.length} characters, and a result has room for ${MOST_OUTPUT_CHARACTERS}: make it shorter`;
  return { kind: 'invalid', problems: [problem] };
}

async function answerTo(store: TaskStore, taskId: TaskId, verdict: OutputVerdict): Promise<CheckOutputResult> {
  switch (verdict.kind) {
    case 'valid':
      return { valid: true };
    case 'unusable-schema':
      throw ApplicationFailure.nonRetryable(
        `the output schema of the task cannot be used to check its answer: ${verdict.problem}`,
        'OutputSchemaUnusable',
      );
    case 'no-json':
    case 'invalid': {
      const listed = verdict.problems.map((problem) => `- ${problem}`).join('\n');
      const text = `Your last message does not fit the output schema of this task:\n${listed}\n\n${CORRECT_IT}`;
      const [item] = await store.putItems(taskId, [{ kind: 'user-message', origin: 'correction', text }]);
      if (item === undefined) throw ApplicationFailure.nonRetryable('the store gave no id for an item', 'BrokenInvariant');
      return { valid: false, item, problem: PROBLEMS[verdict.kind] };
    }
  }
}

/** For the reason of a failed task: without any of the content. */
const PROBLEMS = {
  'no-json': 'the answer is no JSON, and an output schema was asked for',
  invalid: 'the answer does not fit the output schema that was asked for',
} as const satisfies Partial<Record<OutputVerdict['kind'], string>>;
