/** What has to be known of the calls of one invocation to answer them: the service is told again which function it called. */
import { z } from 'zod';
import { ModelFailureError } from '../../clouds/cloud-client.ts';

const COMMON = {
  callId: z.string(),
  actionGroup: z.string(),
  /** Of a collaborator that called, and not the agent that was asked. */
  agentId: z.string().optional(),
  /** `confirmation`: whether something of the agent's own may be run; `both`: whether, and what came of it here. */
  asks: z.enum(['result', 'confirmation', 'both']),
};
const PENDING_CALL = z.discriminatedUnion('kind', [
  z.object({ ...COMMON, kind: z.literal('function'), function: z.string() }),
  z.object({ ...COMMON, kind: z.literal('api'), apiPath: z.string(), httpMethod: z.string() }),
]);
const CONTINUATION = z.object({ invocationId: z.string(), calls: z.array(PENDING_CALL).min(1) });

export type PendingCall = z.infer<typeof PENDING_CALL>;
export type Continuation = z.infer<typeof CONTINUATION>;

export function writeContinuation(continuation: Continuation): string {
  return JSON.stringify(continuation);
}

/** @throws ModelFailureError */
export function readContinuation(text: string | undefined): Continuation {
  try {
    return CONTINUATION.parse(JSON.parse(text ?? ''));
  } catch {
    throw new ModelFailureError({
      kind: 'invalid-request',
      phase: 'resolve',
      acceptance: 'not-accepted',
      scope: 'request',
      code: 'results without the continuation of their calls',
    });
  }
}
