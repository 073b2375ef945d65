import { Client, Connection } from '@temporalio/client';
import { taskWorkflowId, toTaskId } from '../../workflows/domain/ids.ts';

/** What Temporal keeps of a task: the size of its newest run's history. */
export async function readHistoryBytes(
  { temporalAddress, namespace }: { readonly temporalAddress: string; readonly namespace: string },
  taskId: string,
): Promise<number> {
  const connection = await Connection.connect({ address: temporalAddress });
  try {
    const client = new Client({ connection, namespace });
    const { historySize } = await client.workflow.getHandle(taskWorkflowId(toTaskId(taskId))).describe();
    return historySize ?? 0;
  } finally {
    await connection.close();
  }
}
