import { Command } from 'commander';
import { expect, test } from 'vitest';
import type { TaskFlags } from '../../client/cli/task-options.ts';
import { addTaskOptions, askedBy } from '../../client/cli/task-options.ts';

const asked = (...flags: readonly string[]): object => {
  const command = addTaskOptions(new Command()).exitOverride();
  return askedBy(command.parse(flags, { from: 'user' }).opts<TaskFlags>());
};

test('a task has the network that its tenant is allowed, unless it wants none', () => {
  expect(asked()).not.toHaveProperty('network');
  expect(asked('--no-network')).toMatchObject({ network: 'none' });
});
