import { ApplicationFailure } from '@temporalio/activity';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { CheckOutputInput, CheckOutputResult } from '../workflows/activity-interfaces.ts';
import { currentTaskId } from './current-task.ts';
import { toActivityFailure } from './failures.ts';
import type { TaskStore } from './store/task-store.ts';

/** The activity `checkOutput`: whether the last thing said is JSON as the task's schema wants it, and if not what the model is told. */
export function createCheckOutput({ store }: { readonly store: TaskStore }) {
  return async ({ head }: CheckOutputInput): Promise<CheckOutputResult> => {
    const taskId = currentTaskId();
    try {
      const { request } = await store.getSettings(taskId);
      const transcript = await store.readTranscript(taskId, head);
      const output = transcript.findLast((item) => item.kind === 'assistant-message')?.text ?? '';
      const problem = problemOf(output, request?.outputSchema ?? {});
      if (problem === undefined) return { valid: true };
      const text = `Your answer is not as the output schema wants it: ${problem}. Answer again with the JSON alone.`;
      const [item] = await store.putItems(taskId, [{ kind: 'user-message', text }]);
      if (item === undefined) throw ApplicationFailure.nonRetryable('the store gave no id for an item', 'BrokenInvariant');
      return { valid: false, item };
    } catch (error) {
      throw toActivityFailure(error);
    }
  };
}

function problemOf(output: string, schema: object): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(output);
  } catch (error) {
    return `it is no JSON (${error instanceof Error ? error.message : String(error)})`;
  }
  const ajv = new Ajv2020({ allErrors: true, strict: false });
  const validate = ajv.compile(schema);
  return validate(value) ? undefined : ajv.errorsText(validate.errors, { dataVar: 'the answer' });
}
