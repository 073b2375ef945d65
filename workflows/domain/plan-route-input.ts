/** What planning a route has to know of a task: how large it is, never what it says. */
import type { TaskBudget } from './budget.ts';
import type { Capability } from './route.ts';
import { DEFAULT_TENANT } from './task-queues.ts';
import type { TaskPolicy } from './tenant-policy.ts';

export interface PlanRouteInput {
  /** Absent: a model. */
  readonly product?: 'managed-agent';
  readonly model: string;
  readonly tenant: string;
  readonly needs: readonly Capability[];
  readonly policy?: TaskPolicy;
  /** Of the prompt and instructions. */
  readonly characters?: number;
  readonly maxOutputTokens?: number;
  /** How long the task may last by its own budget. */
  readonly wallClockMs?: number;
}

interface Asked {
  readonly prompt: string;
  readonly instructions?: string;
  readonly model: string;
  readonly tenant?: string;
  readonly workspace?: string;
  readonly needs?: readonly Capability[];
  readonly policy?: TaskPolicy;
  readonly maxOutputTokens?: number;
  readonly budget?: TaskBudget;
  readonly managed?: true;
}

/** A turn streams; a task with a workspace has tools. */
export function planRouteInput({ prompt, instructions = '', model, tenant, ...request }: Asked): PlanRouteInput {
  const { workspace, needs = [], policy, maxOutputTokens, budget, managed } = request;
  return {
    ...(managed === undefined ? {} : { product: 'managed-agent' as const }),
    model,
    tenant: tenant ?? DEFAULT_TENANT,
    needs: ['streaming', ...(workspace === undefined ? [] : (['tools'] as const)), ...needs],
    characters: prompt.length + instructions.length,
    ...(policy === undefined ? {} : { policy }),
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    ...(budget?.wallClockMs === undefined ? {} : { wallClockMs: budget.wallClockMs }),
  };
}
