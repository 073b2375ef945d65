/** Queries, which a worker has to answer, with words for the cases that none does. */
import type { Client } from '@temporalio/client';
import { isGrpcServiceError, QueryNotRegisteredError, ServiceError, WorkflowNotFoundError } from '@temporalio/client';
import type { QueryDefinition } from '@temporalio/common';
import { REACHABLE_MS } from './connection.ts';
import { TaskClientError } from './task-client-error.ts';

/** A worker that has to replay a task of 1,000 turns first needs about 2 s; one that is gone is noticed in this time. */
const ANSWER_TIMEOUT_MS = 8_000;
// Our own deadline, when the client notices it before the server does (seen with 1.24, 2026-11), or the asker's signal.
const GRPC_CANCELLED = 1;
const GRPC_DEADLINE_EXCEEDED = 4;
const GRPC_FAILED_PRECONDITION = 9;
const GRPC_UNAVAILABLE = 14;

export interface Asked {
  readonly workflowId: string;
  /** For messages: `task x`, `batch y`. */
  readonly subject: string;
  /** Gives up the question at once; it fails as unanswered then. */
  readonly signal?: AbortSignal;
}

/** @throws TaskClientError `not-found`, `no-worker` or `no-server` */
export async function askWorker<Answer>(client: Client, asked: Asked, query: QueryDefinition<Answer>): Promise<Answer> {
  const handle = client.workflow.getHandle(asked.workflowId);
  try {
    const ask = () => client.connection.withDeadline(Date.now() + ANSWER_TIMEOUT_MS, () => handle.query(query));
    return await (asked.signal === undefined ? ask() : client.connection.withAbortSignal(asked.signal, ask));
  } catch (error) {
    const told = toClientError(error, asked.subject);
    throw asked.signal?.aborted === true ? told : await whyUnanswered(client, told, asked.subject);
  }
}

/** A question that nobody answered in time looks the same whoever was away, a worker or Temporal; so the latter is asked. */
export async function whyUnanswered(client: Client, told: unknown, subject: string): Promise<unknown> {
  if (!(told instanceof TaskClientError) || told.problem !== 'no-worker') return told;
  try {
    await client.connection.withDeadline(Date.now() + REACHABLE_MS, () => client.workflowService.getSystemInfo({}));
    return told;
  } catch {
    return noServer(subject, told);
  }
}

/** What a failed call to Temporal means to a caller; errors of another kind come back as they are. */
export function toClientError(error: unknown, subject: string): unknown {
  if (error instanceof TaskClientError) return error;
  if (error instanceof WorkflowNotFoundError) {
    return new TaskClientError(
      'not-found',
      `there is no ${subject} on this Temporal server; "anyport tasks list" shows what there is`,
      {
        cause: error,
      },
    );
  }
  if (error instanceof QueryNotRegisteredError) return noWorker(subject, error);
  const code = grpcCodeOf(error);
  if (code === GRPC_UNAVAILABLE) return noServer(subject, error);
  const isUnanswered = code === GRPC_CANCELLED || code === GRPC_DEADLINE_EXCEEDED || code === GRPC_FAILED_PRECONDITION;
  return isUnanswered ? noWorker(subject, error) : error;
}

function noServer(subject: string, cause: unknown): TaskClientError {
  return new TaskClientError('no-server', `the Temporal server stopped answering while asked for ${subject}`, { cause });
}

function noWorker(subject: string, cause: unknown): TaskClientError {
  return new TaskClientError(
    'no-worker',
    `no worker answers for ${subject}. Nothing is lost: it goes on as soon as one runs ("npm start", or "anyport worker")`,
    { cause },
  );
}

function grpcCodeOf(error: unknown): number | undefined {
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) ? cause.code : undefined;
}
