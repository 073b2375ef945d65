/** Whether a call may run as things are: what its tool says of it, what confines it, and what the task's policy says to that. */
import type { ApprovalNeeded } from '../workflows/domain/turn.ts';
import type { ApprovalChanges, ApprovalPolicy, Verdict } from '../workflows/domain/approval.ts';
import { judgeCall, NEVER_ASK, withChanges } from '../workflows/domain/approval.ts';
import type { CallClass } from '../workflows/domain/tool-call.ts';
import { excerptOf, toPrintable } from '../workflows/domain/tool-call.ts';
import type { ToolCall } from '../workflows/domain/transcript.ts';
import type { Sandbox } from './sandbox/sandbox.ts';
import type { Tool } from './tools/tool.ts';

/** A line that a person reads before they say yes: most commands fit, and the whole one is in the task store. */
const ABOUT_CHARACTERS = 200;

/**
 * What a call may do where it would run: without a sandbox, or with a network, a command's effects are not of the workspace alone. Its risk
 * stays what it was: the hosts that it reaches are those that the operator allowed.
 */
export function classifyCall(tool: Tool, call: ToolCall, sandbox: Pick<Sandbox, 'name' | 'hasNetwork'>): CallClass {
  const told: CallClass = tool.classify?.(call.input) ?? { retryClass: tool.retryClass, risk: tool.risk };
  const isLoose = sandbox.name === 'none' || sandbox.hasNetwork;
  return told.command !== undefined && isLoose && told.retryClass === 'workspace' ? { ...told, retryClass: 'external' } : told;
}

/** By the task's policy as it is now. */
export function judge(
  call: ToolCall,
  callClass: CallClass,
  {
    policy = NEVER_ASK,
    changes = {},
  }: { readonly policy?: ApprovalPolicy | undefined; readonly changes?: ApprovalChanges | undefined },
): Verdict {
  return judgeCall(withChanges(policy, changes), { tool: call.name, ...callClass });
}

/** What the workflow is told to ask a person. */
export function approvalNeeded(
  call: ToolCall,
  { command, subject, escalation }: CallClass,
  { verdict, expireMs }: { readonly verdict: Extract<Verdict, { kind: 'ask' }>; readonly expireMs: number | undefined },
): ApprovalNeeded {
  const why = escalation === undefined ? '' : ` (${escalation.justification})`;
  // One tool that asks about several things says with all of its words what about.
  const about = command ?? (subject === undefined ? excerptOf(call) : call.input.text);
  return {
    approval: {
      reason: verdict.reason,
      about: toPrintable(`${about}${why}`, ABOUT_CHARACTERS),
      ...(verdict.rule === undefined ? {} : { rule: verdict.rule }),
      ...(expireMs === undefined ? {} : { expireMs }),
    },
  };
}
