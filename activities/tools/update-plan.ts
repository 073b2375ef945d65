import { z } from 'zod';
import { parametersOf, readArguments } from './read-arguments.ts';
import type { Tool } from './tool.ts';
import { toPrintable } from '../../workflows/domain/tool-call.ts';

const MOST_STEPS = 50;
const LONGEST_STEP = 500;
const SHOWN_CHARACTERS = 80;

const ArgumentsSchema = z.strictObject({
  explanation: z.string().optional(),
  plan: z
    .array(
      z.strictObject({
        step: z.string().min(1).max(LONGEST_STEP),
        status: z.enum(['pending', 'in_progress', 'completed']),
      }),
    )
    .min(1)
    .max(MOST_STEPS)
    .describe('All steps, in order; at most one is in_progress.'),
});

/** Changes nothing: people see the plan on the card of the task. */
export const updatePlan: Tool = {
  definition: {
    name: 'update_plan',
    description: 'Tells people who watch the task which steps it will take, and how far it is. Give the whole plan each time.',
    form: { kind: 'function', parameters: parametersOf(ArgumentsSchema) },
  },
  retryClass: 'read-only',
  risk: 'none',
  async run(input) {
    const parsed = readArguments('update_plan', ArgumentsSchema, input);
    if (parsed.kind === 'invalid') return { outcome: 'refused', output: parsed.problem };
    const { plan } = parsed.value;
    const current = plan.filter(({ status }) => status === 'in_progress');
    if (current.length > 1) {
      return { outcome: 'refused', output: `update_plan: ${current.length} steps are in_progress, and at most one may be.` };
    }
    const done = plan.filter(({ status }) => status === 'completed').length;
    const [step] = current;
    return {
      outcome: 'ok',
      output: 'Plan updated',
      plan: { done, total: plan.length, ...(step === undefined ? {} : { current: toPrintable(step.step, SHOWN_CHARACTERS) }) },
    };
  },
};
