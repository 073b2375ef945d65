/**
 * Whether a tool call may run, must be asked about, or is refused. Pure: the same policy, rules and call give the same verdict, in the
 * activity that would run the call and in a test.
 */
import type { CommandWords } from './command-line.ts';
import { beginsWith, isLooking, readCommands } from './command-line.ts';
import type { CallClass } from './tool-call.ts';

/**
 * `never`: nobody is asked, and what would need a person is refused. `on-request`: what leaves the sandbox. `untrusted`: also what changes
 * the workspace, unless a rule allows it. `always`: whatever does more than look.
 */
export const APPROVAL_MODES = ['never', 'on-request', 'untrusted', 'always'] as const;
export type ApprovalMode = (typeof APPROVAL_MODES)[number];

/** What may run without being asked about. `escalated` commands run without the sandbox, and only a rule that says so allows them. */
export type ApprovalRule =
  | { readonly kind: 'command'; readonly prefix: CommandWords; readonly escalated?: true }
  | { readonly kind: 'tool'; readonly tool: string };

export interface ApprovalPolicy {
  readonly mode: ApprovalMode;
  readonly rules?: readonly ApprovalRule[];
  /** A request that nobody answers for so long is denied; absent: it waits for ever. */
  readonly expireMs?: number;
}

/** What was decided while the task ran: another mode, and rules that approvers asked to be remembered. */
export interface ApprovalChanges {
  readonly mode?: ApprovalMode;
  readonly rules?: readonly ApprovalRule[];
}

/** A call, as far as a verdict depends on it. */
export type JudgedCall = Pick<CallClass, 'risk' | 'command' | 'subject' | 'escalation' | 'prefixRule'> & {
  readonly tool: string;
};

export type Verdict =
  | { readonly kind: 'run' }
  /** `rule` is what an approver may have remembered; absent when no rule would cover the like of it. */
  | { readonly kind: 'ask'; readonly reason: string; readonly rule?: ApprovalRule }
  | { readonly kind: 'refuse'; readonly reason: string };

export const NEVER_ASK: ApprovalPolicy = { mode: 'never' };

const RUN: Verdict = { kind: 'run' };

/** The policy as it is now. */
export function withChanges(policy: ApprovalPolicy, { mode, rules }: ApprovalChanges): ApprovalPolicy {
  return { ...policy, ...(mode === undefined ? {} : { mode }), rules: [...(policy.rules ?? []), ...(rules ?? [])] };
}

/** The verdict about one call. */
export function judgeCall(policy: ApprovalPolicy, call: JudgedCall): Verdict {
  if (call.escalation !== undefined) return judgeEscalation(policy, call);
  if (call.risk === 'none') return RUN;
  const isAllowed = isCovered(policy.rules ?? [], call);
  switch (policy.mode) {
    case 'never':
      return RUN;
    case 'on-request':
      return call.risk === 'workspace' || isAllowed ? RUN : ask(call, 'it reaches beyond the workspace');
    case 'untrusted':
      return isAllowed || isOnlyLooking(call) ? RUN : ask(call, untrustedReason(call));
    case 'always':
      return ask(call, 'this task asks about everything that does more than look');
  }
}

function untrustedReason({ risk, command }: JudgedCall): string {
  if (risk === 'external') return 'it reaches beyond the workspace';
  return command === undefined ? 'it changes files of the workspace' : 'no rule allows the command, and it may do more than look';
}

function judgeEscalation(policy: ApprovalPolicy, call: JudgedCall): Verdict {
  if (policy.mode === 'never') {
    return { kind: 'refuse', reason: 'nobody can approve a command without the sandbox in this task (approvals: never)' };
  }
  if (policy.mode !== 'always' && isCovered(policy.rules ?? [], call)) return RUN;
  return ask(call, 'it would run without the sandbox');
}

/** Every part of a command must be covered: `git status && rm -rf .` is not covered by `git`. */
function isCovered(rules: readonly ApprovalRule[], { tool, subject, command, escalation }: JudgedCall): boolean {
  const isOf = (rule: ApprovalRule): boolean => rule.kind === 'tool' && (rule.tool === tool || rule.tool === subject);
  if (escalation === undefined && rules.some(isOf)) return true;
  if (command === undefined) return false;
  const commands = readCommands(command);
  const prefixes = rules.flatMap((rule) =>
    rule.kind === 'command' && (rule.escalated === true || escalation === undefined) ? [rule.prefix] : [],
  );
  return commands?.every((words) => prefixes.some((prefix) => beginsWith(words, prefix))) ?? false;
}

function isOnlyLooking({ command }: JudgedCall): boolean {
  return command !== undefined && (readCommands(command)?.every(isLooking) ?? false);
}

function ask(call: JudgedCall, reason: string): Verdict {
  const rule = ruleFor(call);
  return { kind: 'ask', reason, ...(rule === undefined ? {} : { rule }) };
}

/** The narrowest rule that would let the same call pass: the model's proposal only when it is about this command. */
function ruleFor({ tool, subject, command, escalation, prefixRule }: JudgedCall): ApprovalRule | undefined {
  if (command === undefined) return { kind: 'tool', tool: subject ?? tool };
  const [only, ...others] = readCommands(command) ?? [];
  if (only === undefined || others.length > 0) return undefined;
  const prefix = prefixRule !== undefined && beginsWith(only, prefixRule) ? prefixRule : only;
  return { kind: 'command', prefix, ...(escalation === undefined ? {} : { escalated: true as const }) };
}

/**
 * A task may ask for more approvals than its tenant does, never for fewer. Rules of its own count where the tenant asks about nothing: else they would let pass what the
 * tenant wants asked.
 */
export function narrowApprovals(
  tenant: ApprovalPolicy,
  task: ApprovalPolicy | undefined,
): { readonly kind: 'narrowed'; readonly policy: ApprovalPolicy } | { readonly kind: 'refused'; readonly reason: string } {
  if (task === undefined) return { kind: 'narrowed', policy: tenant };
  if (APPROVAL_MODES.indexOf(task.mode) < APPROVAL_MODES.indexOf(tenant.mode)) {
    return { kind: 'refused', reason: `approvals "${task.mode}" asks for less than the tenant's "${tenant.mode}"` };
  }
  if (tenant.mode !== 'never' && (task.rules ?? []).length > 0) {
    return {
      kind: 'refused',
      reason: `rules of the task's own would let pass what the tenant wants asked (approvals: ${tenant.mode})`,
    };
  }
  const expireMs = Math.min(tenant.expireMs ?? Infinity, task.expireMs ?? Infinity);
  const rules = [...(tenant.rules ?? []), ...(task.rules ?? [])];
  return { kind: 'narrowed', policy: { mode: task.mode, rules, ...(expireMs === Infinity ? {} : { expireMs }) } };
}

/** `git push` as an operator writes a rule. @returns undefined when it is no plain command */
export function toCommandRule(line: string): ApprovalRule | undefined {
  const [prefix, ...others] = readCommands(line) ?? [];
  return prefix === undefined || others.length > 0 ? undefined : { kind: 'command', prefix };
}

/** A rule in words. */
export function describeRule(rule: ApprovalRule): string {
  if (rule.kind === 'tool') return `every call of ${rule.tool}`;
  return `commands that begin with "${rule.prefix.join(' ')}"${rule.escalated === true ? ', without the sandbox' : ''}`;
}
