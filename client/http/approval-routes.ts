/** What waits for a person, and answers to it. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { ApprovalMode } from '../../workflows/domain/approval.ts';
import { APPROVAL_MODES } from '../../workflows/domain/approval.ts';
import type { DoorClient } from './create-door.ts';
import type { BodyForm } from './read-body.ts';
import { readBody } from './read-body.ts';
import type { TaskPath } from './task-path.ts';
import { taskOf } from './task-path.ts';

/** As far as the story shows them. */
const LONGEST_NAME = 80;
const LONGEST_REASON = 500;

interface AnswerBody {
  readonly decision: 'approve' | 'deny';
  readonly by: string;
  readonly turn?: number;
  readonly reason?: string;
  readonly remember?: boolean;
}

const by = z
  .string()
  .max(LONGEST_NAME)
  .refine((name) => name.trim() !== '');
const BY = `who decides, such as "ada", of ${LONGEST_NAME} characters at most`;

const ANSWER: BodyForm<AnswerBody> = {
  schema: z
    .strictObject({
      decision: z.enum(['approve', 'deny']),
      by,
      turn: z.int().min(1).exactOptional(),
      reason: z.string().max(LONGEST_REASON).exactOptional(),
      remember: z.boolean().exactOptional(),
    })
    .refine(({ decision, reason }) => decision === 'deny' || reason === undefined, {
      path: ['reason'],
      error: 'is for "deny" alone: it is told to the model',
    })
    .refine(({ decision, remember }) => decision === 'approve' || remember !== true, {
      path: ['remember'],
      error: 'is for "approve" alone: it lets the like of the call pass',
    }),
  fields: {
    decision: '"approve" or "deny"',
    by: BY,
    turn: 'the turn of the call, as it is told with it',
    reason: `a text of ${LONGEST_REASON} characters at most, for "deny" alone`,
    remember: 'true or false, for "approve" alone',
  },
};

const MODE: BodyForm<{ readonly mode: ApprovalMode; readonly by: string }> = {
  schema: z.strictObject({ mode: z.enum(APPROVAL_MODES), by }),
  fields: { mode: `one of ${APPROVAL_MODES.join(', ')}`, by: BY },
};

interface CallPath {
  readonly Params: { readonly taskId: string; readonly callId: string };
}

export function addApprovalRoutes(app: FastifyInstance, client: DoorClient): void {
  app.get<TaskPath>('/tasks/:taskId/approvals', async ({ params }) => {
    const { approvals = [] } = await client.status(taskOf(params));
    return { approvals };
  });
  app.put<TaskPath>('/tasks/:taskId/approvals', async ({ params, body }) => {
    const change = readBody(MODE, body);
    await client.setApprovals(taskOf(params), change);
    return { mode: change.mode };
  });
  app.post<CallPath>('/tasks/:taskId/approvals/:callId', async ({ params, body }) => {
    const { decision, reason, remember, turn, by: name } = readBody(ANSWER, body);
    const { callId } = params;
    const call = { callId, by: name, ...(turn === undefined ? {} : { turn }) };
    if (decision === 'approve') {
      const answer = await client.approve(taskOf(params), { ...call, ...(remember === true ? { remember } : {}) });
      return { decision: 'approved', ...answer };
    }
    const answer = await client.deny(taskOf(params), { ...call, ...(reason === undefined ? {} : { reason }) });
    return { decision: 'denied', ...answer };
  });
}
