/** Takes raises of a task's budget: by `anyport tasks raise-budget`, `TaskClient.raiseBudget` or `temporal workflow update`. */
import { ApplicationFailure, setHandler } from '@temporalio/workflow';
import type { TaskBudget } from './domain/budget.ts';
import { BUDGET_KINDS, reasonAgainstRaise } from './domain/budget.ts';
import { raiseBudgetUpdate } from './messages.ts';

export interface BudgetHolder {
  /** null: without limits; `undefined`: not settled yet. */
  budget(): TaskBudget | null | undefined;
  /** Whether the task has come to its end, so that nothing is spent any more. */
  hasEnded(): boolean;
  raise(budget: TaskBudget): void;
}

/** Called before the first await, so that no raise finds a task without it. */
export function takeRaises(holder: BudgetHolder): void {
  setHandler(
    raiseBudgetUpdate,
    (raise) => {
      const current = holder.budget() ?? {};
      const raised = { ...current, ...raise };
      if (BUDGET_KINDS.every((kind) => raised[kind] === current[kind])) return current;
      holder.raise(raised);
      return raised;
    },
    {
      validator: (raise) => {
        const reason = reasonAgainst(holder, raise);
        if (reason !== undefined) throw ApplicationFailure.nonRetryable(reason, 'RaiseRefused');
      },
    },
  );
}

function reasonAgainst(holder: BudgetHolder, raise: unknown): string | undefined {
  const budget = holder.budget();
  if (holder.hasEnded()) return 'the task has come to its end: it spends nothing any more';
  if (budget === undefined) return 'the task is still being planned, and its budget is not settled: ask again in a moment';
  return reasonAgainstRaise(budget, raise);
}
