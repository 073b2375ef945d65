import { z } from 'zod';
import { toPrintable } from '../../workflows/domain/tool-call.ts';
import { parametersOf, readArguments } from './read-arguments.ts';
import type { TaskPlan } from '../../workflows/domain/tool-call.ts';
import type { Tool } from './tool.ts';

/** More is no plan that anyone follows. */
const MAX_STEPS = 100;
/** A line of the card. */
const STEP_CHARACTERS = 80;

const ArgumentsSchema = z.strictObject({
  explanation: z.string().optional().describe('Why the plan has changed.'),
  plan: z
    .array(z.strictObject({ step: z.string().min(1), status: z.enum(['pending', 'in_progress', 'completed']) }))
    .max(MAX_STEPS)
    .describe('All steps, in order; at most one is in_progress.'),
});

type Step = z.infer<typeof ArgumentsSchema>['plan'][number];

export const updatePlan: Tool = {
  definition: {
    name: 'update_plan',
    description: 'Tells the people who watch the task what its steps are and how far it has come. Give the whole plan each time.',
    form: { kind: 'function', parameters: parametersOf(ArgumentsSchema) },
  },
  retryClass: 'read-only',
  risk: 'none',
  run(input) {
    const parsed = readArguments('update_plan', ArgumentsSchema, input);
    if (parsed.kind === 'invalid') return Promise.resolve({ outcome: 'refused', output: parsed.problem });
    const { plan } = parsed.value;
    const current = plan.filter(({ status }) => status === 'in_progress');
    if (current.length > 1) {
      const steps = current.map(({ step }) => JSON.stringify(toPrintable(step, STEP_CHARACTERS))).join(', ');
      const output = `The plan was not taken: ${current.length} steps are in_progress (${steps}); at most one may be.`;
      return Promise.resolve({ outcome: 'refused', output });
    }
    return Promise.resolve({ outcome: 'ok', output: 'Plan updated', plan: progressOf(plan) });
  },
};

function progressOf(plan: readonly Step[]): TaskPlan {
  const current = plan.find(({ status }) => status === 'in_progress');
  return {
    done: plan.filter(({ status }) => status === 'completed').length,
    total: plan.length,
    ...(current === undefined ? {} : { current: toPrintable(current.step, STEP_CHARACTERS) }),
  };
}
