import { createBubblewrapSandbox } from './bubblewrap.ts';
import type { CommandLimits } from './command-limits.ts';
import { DEFAULT_COMMAND_LIMITS } from './command-limits.ts';
import type { Sandbox } from './sandbox.ts';
import { createUnconfinedSandbox } from './unconfined.ts';

export type Sandboxes = (name: Sandbox['name']) => Sandbox;

export function createSandboxes(limits: CommandLimits): Sandboxes {
  const sandboxes = { bubblewrap: createBubblewrapSandbox(limits), none: createUnconfinedSandbox(limits) } satisfies Record<
    Sandbox['name'],
    Sandbox
  >;
  return (name) => sandboxes[name];
}

let usual: Sandboxes | undefined;

/** With our limits. */
export function createSandbox(name: Sandbox['name']): Sandbox {
  usual ??= createSandboxes(DEFAULT_COMMAND_LIMITS);
  return usual(name);
}
