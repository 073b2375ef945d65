import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  batchChunkWorkflowId,
  batchIdOfWorkflow,
  batchTaskId,
  batchWorkflowId,
  endpointOf,
  taskIdOfWorkflow,
  taskWorkflowId,
  toBatchId,
  toDeploymentId,
  toTaskId,
} from '../../workflows/domain/ids.ts';

const taskId = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$/).map(toTaskId);
const batchId = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/).map(toBatchId);
const line = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });

const BAD_IDS = ['', '.hidden', '-v', '_', 'a/b', 'a b', 'a\n', 'é', 'a\u202eb', '../x'];

describe('a task id', () => {
  test('is read back from the workflow id that it gives', () => {
    fc.assert(
      fc.property(taskId, (id) => {
        expect(taskIdOfWorkflow(taskWorkflowId(id))).toBe(id);
      }),
    );
  });

  test.each([...BAD_IDS, 'a'.repeat(121)])('is not %j, and the refusal quotes it', (text) => {
    expect(() => toTaskId(text)).toThrow(new RangeError(refusal(text, 'task', 120)));
  });

  test('may have 120 characters', () => {
    expect(toTaskId('a'.repeat(120))).toHaveLength(120);
  });

  test('is not read from the workflow id of a batch, and the refusal quotes it', () => {
    expect(() => taskIdOfWorkflow('task-batch/b')).toThrow('workflow id "task-batch/b" does not begin with "agent-task/"');
  });

  test('is not read from a workflow below that of a task', () => {
    expect(() => taskIdOfWorkflow('agent-task/a/b')).toThrow('"a/b" is not a task id');
  });
});

describe('a batch id', () => {
  test('is read back from its workflow id and from that of each chunk', () => {
    fc.assert(
      fc.property(batchId, fc.nat(), (id, chunk) => {
        expect(batchIdOfWorkflow(batchWorkflowId(id))).toBe(id);
        expect(batchIdOfWorkflow(batchChunkWorkflowId(id, chunk))).toBe(id);
      }),
    );
  });

  test.each([...BAD_IDS, 'a'.repeat(101)])('is not %j, and the refusal quotes it', (text) => {
    expect(() => toBatchId(text)).toThrow(new RangeError(refusal(text, 'batch', 100)));
  });

  test('leaves room for the longest line number in the ids of its tasks', () => {
    fc.assert(
      fc.property(batchId, line, (id, number) => {
        expect(batchTaskId(id, number)).toBe(`${id}-${number}`);
      }),
    );
    expect(batchTaskId(toBatchId('b'.repeat(100)), Number.MAX_SAFE_INTEGER)).toHaveLength(117);
  });

  test('gives no two lines of any batches the same task id', () => {
    fc.assert(
      fc.property(fc.tuple(batchId, line), fc.tuple(batchId, line), ([one, first], [other, second]) => {
        fc.pre(one !== other || first !== second);
        expect(batchTaskId(one, first)).not.toBe(batchTaskId(other, second));
      }),
    );
  });

  test('is not read from the workflow id of a task, and the refusal quotes it', () => {
    expect(() => batchIdOfWorkflow('agent-task/a')).toThrow('workflow id "agent-task/a" does not begin with "task-batch/"');
  });

  test.each(['task-batch', 'task-batch/', 'task-batch//lines/0', 'task-batches/b'])('is not read from %j', (workflowId) => {
    expect(() => batchIdOfWorkflow(workflowId)).toThrow(RangeError);
  });
});

describe('a deployment id', () => {
  test('names its endpoint, whatever the model is called', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[^/]+$/), fc.string(), (endpoint, model) => {
        expect(endpointOf(toDeploymentId(endpoint, model))).toBe(endpoint);
      }),
    );
  });
});

function refusal(text: string, what: string, most: number): string {
  return `"${text}" is not a ${what} id: use 1 to ${most} letters, digits, ".", "_" or "-", beginning with a letter or digit`;
}
