/** What a task needs of whoever serves it, from what its caller asked for. */
import type { PlanRouteInput, TaskRequest } from '../../workflows/activity-interfaces.ts';
import type { TaskNeed } from '../../workflows/domain/candidate.ts';
import { planRouteInput } from '../../workflows/domain/plan-route-input.ts';
import { CHARACTERS_PER_TOKEN, USUAL_OUTPUT_TOKENS } from '../../workflows/domain/token-estimate.ts';
import type { TaskEligibility } from './tenant-eligibility.ts';

/** Tasks of a day and less are the rule; one with a longer budget of time says so by it. */
const USUAL_DAYS = 1;
const DAY_MS = 86_400_000;
/** Tasks of about the same size share their decision, which is kept once for all of them. */
const TOKEN_STEP = 1_000;

export function needOf({ product, model, needs, characters = 0, maxOutputTokens, wallClockMs = 0 }: PlanRouteInput): TaskNeed {
  return {
    product: product ?? 'model',
    model,
    capabilities: [...new Set(needs)].toSorted(),
    inputTokens: Math.ceil(characters / CHARACTERS_PER_TOKEN / TOKEN_STEP) * TOKEN_STEP,
    outputTokens: maxOutputTokens ?? USUAL_OUTPUT_TOKENS,
    durationDays: Math.max(Math.ceil(wallClockMs / DAY_MS), USUAL_DAYS),
  };
}

export function taskEligibilityOf(request: TaskRequest): TaskEligibility {
  const input = planRouteInput(request);
  return { tenant: input.tenant, need: needOf(input), ...(request.policy === undefined ? {} : { policy: request.policy }) };
}
