import type { SandboxChoice } from '../../workflows/activity-interfaces.ts';
import type { SandboxProbe } from './sandbox.ts';

/** The operator's word: `required`: bubblewrap or nothing; `optional`: a task may do without; `none`: nothing is confined. */
export type SandboxPolicy = 'required' | 'optional' | 'none';

export type ChosenSandbox =
  | { readonly kind: 'use'; readonly sandbox: SandboxChoice }
  | { readonly kind: 'refuse'; readonly reason: string };

/** What confines a task's commands, or why the task is refused. A task never runs less confined than asked for unsaid. */
export function chooseSandbox(policy: SandboxPolicy, asked: SandboxChoice, probe: SandboxProbe): ChosenSandbox {
  if (policy === 'none') return { kind: 'use', sandbox: 'none' };
  if (asked === 'none') {
    return policy === 'optional'
      ? { kind: 'use', sandbox: 'none' }
      : {
          kind: 'refuse',
          reason: 'the task asks for sandbox "none", but the operator of this worker requires bubblewrap (sandbox: required)',
        };
  }
  if (probe.kind === 'usable') return { kind: 'use', sandbox: 'bubblewrap' };
  const without = policy === 'optional' ? ', or start the task with --sandbox none to run its commands unconfined' : '';
  return { kind: 'refuse', reason: `commands cannot be confined here: ${probe.reason}; ${probe.remedy}${without}` };
}
