/** What a cloud says against a tool that is offered to it. */
import { z } from 'zod';
import type { EmulatedEndpoint } from './emulated-endpoints.ts';
import type { OfferedTool } from './validate-request.ts';

const NAME = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
const GRAMMAR = z.strictObject({
  type: z.literal('grammar'),
  syntax: z.enum(['lark', 'regex']),
  definition: z.string().min(1),
});
const TOOLS = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('function'),
    name: NAME,
    description: z.string().nullish(),
    parameters: z.looseObject({ type: z.literal('object') }).nullable(),
    strict: z.boolean().nullable(),
  }),
  z.strictObject({
    type: z.literal('custom'),
    name: NAME,
    description: z.string().optional(),
    format: z.union([z.strictObject({ type: z.literal('text') }), GRAMMAR]).optional(),
  }),
  z.strictObject({ type: z.literal('apply_patch') }),
]);

export function problemOfTool({ customTools, builtInPatch }: EmulatedEndpoint, tool: OfferedTool): string | undefined {
  const { data, error } = TOOLS.safeParse(tool);
  if (data === undefined) return `${tool.type}: ${error.issues[0]?.path.join('.')}: ${error.issues[0]?.message}`;
  if (data.type === 'custom' && !customTools) return 'custom tools are not supported here';
  if (data.type === 'apply_patch' && !builtInPatch) return 'apply_patch is not supported here';
  return undefined;
}
