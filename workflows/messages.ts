import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { TaskResult } from './activity-interfaces.ts';
import type { TaskBudget } from './domain/budget.ts';
import type { BatchStatus, TaskStatus } from './domain/task-status.ts';

/** What a task is doing, with the newest events of its story. */
export const statusQuery = defineQuery<TaskStatus>('status');

/** What a task came to, whatever its end; null until then. The only way to a cancelled task's result. */
export const resultQuery = defineQuery<TaskResult | null>('result');

/**
 * Raises budgets of a running task to the given values, and gives those that hold then. The same again changes nothing. Refused
 * when it would lower one.
 */
export const raiseBudgetUpdate = defineUpdate<TaskBudget, [TaskBudget]>('raiseBudget');

/** How far a batch is. */
export const batchStatusQuery = defineQuery<BatchStatus>('batchStatus');
