/** What is said to a task: to the running one, or to one that has ended, which then goes on in a new run under the same id. */
import type { Client } from '@temporalio/client';
import { WithStartWorkflowOperation } from '@temporalio/client';
import { randomUUID } from 'node:crypto';
import type { agentTask } from '../workflows/agent-task.ts';
import type { TaskId } from '../workflows/domain/ids.ts';
import { taskWorkflowId } from '../workflows/domain/ids.ts';
import { INTERACTIVE_PRIORITY, TASKS_QUEUE } from '../workflows/domain/task-queues.ts';
import type { SendMessageInput, SendMessageResult } from '../workflows/messages.ts';
import { sendMessageUpdate } from '../workflows/messages.ts';
import { assertTask } from './contest-kind.ts';
import { whyUnanswered } from './ask-worker.ts';
import { ANSWER_TIMEOUT_MS, toUpdateError } from './update-task.ts';

/** Without a request id each call is a message of its own. */
export type Message = Omit<SendMessageInput, 'requestId'> & { readonly requestId?: string };

/** Before this the task of the message is closing: it goes on when it has. */
const CLOSING_TRIES = 5;
const CLOSING_PAUSE_MS = 500;
const CLOSING = 'has come to its end';

/** @throws TaskClientError `refused`, `not-found` or `no-worker` */
export async function sendMessage(client: Client, taskId: TaskId, message: Message): Promise<SendMessageResult> {
  const requestId = message.requestId ?? randomUUID();
  const subject = `task ${taskId}`;
  for (let tries = 1; ; tries += 1) {
    try {
      // Only a task that was there can be gone on with.
      const { type } = await client.workflow.getHandle(taskWorkflowId(taskId)).describe();
      assertTask({ type }, taskId);
      return await updateWithStart(client, { taskId, type, message: { ...message, requestId } });
    } catch (error) {
      const refused = `the message to ${subject} was not taken`;
      const told = await whyUnanswered(client, toUpdateError(error, { subject, refused }), subject);
      if (tries === CLOSING_TRIES || !(told instanceof Error) || !told.message.includes(CLOSING)) throw told;
      await new Promise((done) => setTimeout(done, CLOSING_PAUSE_MS));
    }
  }
}

interface Saying {
  readonly taskId: TaskId;
  /** Of the task's workflow, which goes on under the same. */
  readonly type: string;
  readonly message: SendMessageInput;
}

function updateWithStart(client: Client, { taskId, type, message }: Saying): Promise<SendMessageResult> {
  const startWorkflowOperation = new WithStartWorkflowOperation<typeof agentTask>(type, {
    workflowId: taskWorkflowId(taskId),
    taskQueue: TASKS_QUEUE,
    args: [{ kind: 'reopened', model: '' }],
    staticSummary: 'goes on after its end',
    priority: { priorityKey: INTERACTIVE_PRIORITY },
    workflowIdConflictPolicy: 'USE_EXISTING',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
  });
  const deadline = Date.now() + ANSWER_TIMEOUT_MS;
  return client.connection.withDeadline(deadline, () =>
    client.workflow.executeUpdateWithStart(sendMessageUpdate, {
      args: [message],
      updateId: message.requestId,
      startWorkflowOperation,
    }),
  );
}
