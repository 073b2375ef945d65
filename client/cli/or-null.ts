import type { TaskClientProblem } from '../task-client-error.ts';
import { TaskClientError } from '../task-client-error.ts';
import { note } from './terminal.ts';

/** null: it cannot be had, which is told; other problems than `only` are thrown on. */
export async function orNull<Answer>(answer: Promise<Answer>, only?: TaskClientProblem): Promise<Answer | null> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof TaskClientError) || (only !== undefined && error.problem !== only)) throw error;
    note(error.message, 'yellow');
    return null;
  }
}
