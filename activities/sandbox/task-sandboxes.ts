import { createBubblewrapSandbox } from './bubblewrap.ts';
import type { CommandLimits } from './command-limits.ts';
import { createSandboxes } from './create-sandbox.ts';
import type { Egress } from './egress.ts';
import type { EgressRule } from './egress-rules.ts';
import type { Sandbox } from './sandbox.ts';

/** What a task was opened with: the hosts that its tenant was allowed then. */
export interface TaskNetwork {
  readonly tenant: string;
  readonly allow: readonly EgressRule[];
}

/** What confines the commands of a task. */
export interface Confinement {
  readonly sandbox: Sandbox['name'];
  /** Absent: no network. */
  readonly network?: TaskNetwork;
}

export interface TaskSandboxesSettings {
  readonly limits: CommandLimits;
  readonly egress: Egress;
  /** What the operator allows a tenant now. */
  allowedFor(tenant: string): readonly EgressRule[];
}

export type TaskSandboxes = (place: Confinement) => Sandbox;

/** The sandboxes of tasks: a host is reached when the task was opened with it and the operator still allows it. */
export function createTaskSandboxes({ limits, egress, allowedFor }: TaskSandboxesSettings): TaskSandboxes {
  const usual = createSandboxes(limits);
  const made = new Map<string, Sandbox>();
  return ({ sandbox, network }) => {
    const lists = network === undefined ? [] : [network.allow, allowedFor(network.tenant)];
    if (sandbox === 'none' || network === undefined || lists.some((rules) => rules.length === 0)) return usual(sandbox);
    const key = JSON.stringify(lists);
    const known = made.get(key) ?? createBubblewrapSandbox(limits, (request) => egress.open({ ...request, lists }));
    made.set(key, known);
    return known;
  };
}
