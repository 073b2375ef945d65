import { toTaskId } from '../../workflows/domain/ids.ts';
import { HttpProblemError } from './http-problem.ts';

/** Routes below a task. */
export interface TaskPath {
  readonly Params: { readonly taskId: string };
}

/** The task that a path names. @throws HttpProblemError 404 when no task can have such an id */
export function taskOf({ taskId }: TaskPath['Params']): string {
  try {
    return toTaskId(taskId);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new HttpProblemError({ status: 404, code: 'not-found', message: error.message });
  }
}
