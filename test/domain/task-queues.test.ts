import fc from 'fast-check';
import { expect, test } from 'vitest';
import { endpointQueue, hostQueue, TASKS_QUEUE } from '../../workflows/domain/task-queues.ts';

test('the queues of endpoints, of hosts and of tasks are apart, whatever their names', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (one, other) => {
      fc.pre(one !== other);
      const queues = [TASKS_QUEUE, endpointQueue(one), endpointQueue(other), hostQueue(one), hostQueue(other)];

      expect(new Set(queues).size).toBe(5);
    }),
  );
});

test('queues have the names by which operators drain and throttle them', () => {
  expect([TASKS_QUEUE, endpointQueue('azure-eastus2'), hostQueue('host-1')]).toEqual([
    'agent-tasks',
    'endpoints/azure-eastus2',
    'hosts/host-1',
  ]);
});
