import { createBubblewrapSandbox } from './bubblewrap.ts';
import type { Sandbox } from './sandbox.ts';
import { createUnconfinedSandbox } from './unconfined.ts';

const SANDBOXES = {
  bubblewrap: createBubblewrapSandbox(),
  none: createUnconfinedSandbox(),
} satisfies Record<Sandbox['name'], Sandbox>;

export function createSandbox(name: Sandbox['name']): Sandbox {
  return SANDBOXES[name];
}
