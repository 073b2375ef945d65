import { defineQuery } from '@temporalio/workflow';
import type { TaskResult } from './activity-interfaces.ts';
import type { BatchStatus, TaskStatus } from './domain/task-status.ts';

/** What a task is doing, with the newest events of its story. */
export const statusQuery = defineQuery<TaskStatus>('status');

/** What a task came to, whatever its end; null until then. The only way to a cancelled task's result. */
export const resultQuery = defineQuery<TaskResult | null>('result');

/** How far a batch is. */
export const batchStatusQuery = defineQuery<BatchStatus>('batchStatus');
