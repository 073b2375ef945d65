/** Takes what a task made over into the person's checkout, when it is good, and says what came of it. */
import type { CheckReport } from '../../workflows/domain/task-check.ts';
import { describeCheck } from '../../workflows/domain/task-check.ts';
import type { DiffOfTask } from './apply-diff.ts';
import { applyDiff } from './apply-diff.ts';
import { note, print } from './terminal.ts';

/** A task's work, and what its check says of it. */
export interface Work extends DiffOfTask {
  readonly state: 'completed' | 'failed' | 'cancelled';
  readonly check?: CheckReport;
}

/** Whether the checkout is as the caller wanted it. In JSON mode the last line belongs to the result, so words go to standard error. */
export async function takeOver(workspace: string, work: Work, json: boolean): Promise<boolean> {
  const say = json ? note : print;
  if (work.state !== 'completed') {
    say(`nothing was applied to ${workspace}: the task did not complete. Its changes so far are in the result's diff`, 'yellow');
    return true;
  }
  if (work.check !== undefined && work.check.outcome !== 'passed') {
    const how = `take it over all the same with "anyport tasks apply ${work.taskId}"`;
    note(`nothing was applied to ${workspace}: the check ${describeCheck(work.check)}; ${how}`, 'red');
    return false;
  }
  const applied = await applyDiff(workspace, work);
  switch (applied.kind) {
    case 'nothing':
      say('the task changed nothing: there is nothing to apply');
      return true;
    case 'applied':
      say(`applied to ${workspace} (not staged)`, 'green');
      return true;
    case 'refused':
      note(`the changes were not applied to ${workspace}: ${applied.problem}`, 'red');
      if (applied.savedAs !== null)
        note(`they are in ${applied.savedAs}: take them over with "git apply --3way ${applied.savedAs}"`);
      return false;
  }
}
