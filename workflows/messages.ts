import { defineQuery } from '@temporalio/workflow';
import type { BatchStatus, TaskStatus } from './domain/task-status.ts';

/** What a task is doing, with the newest events of its story. */
export const statusQuery = defineQuery<TaskStatus>('status');

/** How far a batch is. */
export const batchStatusQuery = defineQuery<BatchStatus>('batchStatus');
