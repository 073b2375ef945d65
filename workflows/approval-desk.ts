/**
 * Where tool calls wait for a person: answered by `anyport tasks approve`, `TaskClient.approve` or `temporal workflow update`. A wait has no
 * limit unless the policy sets one, and takes no worker while it lasts.
 */
import { ApplicationFailure, condition, setHandler } from '@temporalio/workflow';
import type { AnsweredCall, Refusal } from './approval-answer.ts';
import { isOfTurn, reasonAgainstAnswer, reasonAgainstMode } from './approval-answer.ts';
import type { ApprovalChanges, ApprovalRule } from './domain/approval.ts';
import { describeRule } from './domain/approval.ts';
import type { ApprovalRecord } from './domain/task-result.ts';
import type { TaskEventBody } from './domain/task-status.ts';
import { toPrintable } from './domain/tool-call.ts';
import type { ApprovalNeeded, ToolCallReference } from './domain/turn.ts';
import type { ApprovalAnswer, ToolEffects } from './loop-state.ts';
import type { ApproveInput, SetApprovalsInput } from './messages.ts';
import { approveToolCallUpdate, denyToolCallUpdate, setApprovalsUpdate } from './messages.ts';

export interface ApprovalDesk extends Pick<ToolEffects, 'awaitApproval'> {
  /** What was decided since the task was planned; `undefined`: nothing. */
  changes(): ApprovalChanges | undefined;
  /** The newest decisions, oldest first. */
  decisions(): readonly ApprovalRecord[];
}

export interface ApprovalDeskOptions {
  /** Of an earlier run of the task. */
  readonly begin: ApprovalChanges | undefined;
  readonly decided: readonly ApprovalRecord[];
  hasEnded(): boolean;
  tell(event: TaskEventBody): void;
}

/** A call that waits. */
interface Pending {
  readonly turn: number;
  readonly needed: ApprovalNeeded;
  answer?: ApprovalAnswer;
}

/** What the handlers and the waits share. */
interface DeskState {
  readonly pending: Map<string, Pending>;
  /** An approver whose request comes twice is answered the same. */
  readonly answered: Map<string, AnsweredCall>;
  changes: ApprovalChanges | undefined;
  decisions: readonly ApprovalRecord[];
}

/** Longer than any name; more would be a text. */
const BY_CHARACTERS = 80;
const REASON_CHARACTERS = 500;
const REMEMBERED_ANSWERS = 50;
/** About 150 bytes each, which go along from run to run and into the result. */
const KEPT_DECISIONS = 200;

/** Sets the handlers; called before the first await, so that no answer finds a task without them. */
export function openApprovalDesk({ begin, decided, hasEnded, tell }: ApprovalDeskOptions): ApprovalDesk {
  const state: DeskState = { pending: new Map(), answered: new Map(), changes: begin, decisions: decided };
  setHandler(approveToolCallUpdate, (input) => approve(state, input), {
    validator: (input) => refuse(reasonAgainstAnswer(input, 'approved', standing(state))),
  });
  setHandler(
    denyToolCallUpdate,
    ({ by, reason, ...call }) => {
      const words = reason === undefined ? {} : { reason: toPrintable(reason, REASON_CHARACTERS) };
      return answer(state, call, { kind: 'denied', by: nameOf(by), ...words });
    },
    { validator: (input) => refuse(reasonAgainstAnswer(input, 'denied', standing(state))) },
  );
  setHandler(
    setApprovalsUpdate,
    (input) => {
      setMode(state, input);
      tell({ kind: 'approvals-changed', mode: input.mode, by: nameOf(input.by) });
      return { mode: input.mode };
    },
    { validator: (input) => refuse(reasonAgainstChange(input, hasEnded())) },
  );
  return {
    changes: () => state.changes,
    decisions: () => state.decisions,
    awaitApproval: (turn, call, needed) => awaitAnswer(state, tell, { turn, call, needed }),
  };
}

/** The client reads the kind off the failure's type. */
function refuse(refusal: Refusal | undefined): void {
  if (refusal !== undefined) throw ApplicationFailure.nonRetryable(refusal.words, `ApprovalRefused.${refusal.kind}`);
}

function reasonAgainstChange(input: unknown, hasEnded: boolean): Refusal | undefined {
  const words = hasEnded ? 'the task has come to its end' : reasonAgainstMode(input);
  return words === undefined ? undefined : { kind: 'wrong-input', words };
}

function standing({ pending, answered, changes, decisions }: DeskState) {
  return {
    rules: changes?.rules?.length ?? 0,
    // Decisions of earlier runs, and those that nobody made in time, are known from the record alone.
    answered: (callId: string, turn: number | undefined) => {
      const last = answered.get(callId);
      if (last !== undefined && isOfTurn(last, turn)) return last;
      return decisions.findLast((decision) => decision.callId === callId && isOfTurn(decision, turn));
    },
    waiting: [...pending].flatMap(([callId, { turn, needed, answer: given }]) =>
      given === undefined ? [{ callId, turn, canBeRemembered: needed.approval.rule !== undefined }] : [],
    ),
  };
}

function approve(state: DeskState, { by, remember, ...call }: ApproveInput) {
  const rule = remember === true ? pendingOf(state, call)?.needed.approval.rule : undefined;
  if (rule !== undefined) state.changes = { ...state.changes, rules: [...(state.changes?.rules ?? []), rule] };
  const told = answer(state, call, { kind: 'approved', by: nameOf(by), ...(rule === undefined ? {} : { remembered: rule }) });
  return { ...told, ...(rule === undefined ? {} : { remembered: describeRule(rule) }) };
}

type AnswerTo = Pick<ApproveInput, 'callId' | 'turn'>;

function pendingOf({ pending }: DeskState, { callId, turn }: AnswerTo): Pending | undefined {
  const waits = pending.get(callId);
  return waits !== undefined && isOfTurn(waits, turn) ? waits : undefined;
}

function answer(state: DeskState, call: AnswerTo, given: ApprovalAnswer & { kind: 'approved' | 'denied' }) {
  const { answered } = state;
  const waits = pendingOf(state, call);
  // The same answer again: who gave it first stays.
  if (waits === undefined || waits.answer !== undefined) return { answer: given.kind };
  waits.answer = given;
  answered.set(call.callId, { decision: given.kind, by: given.by, turn: waits.turn });
  for (const oldest of answered.keys()) if (answered.size > REMEMBERED_ANSWERS) answered.delete(oldest);
  return { answer: given.kind };
}

function setMode(state: DeskState, { mode }: SetApprovalsInput): void {
  state.changes = { ...state.changes, mode };
  for (const waits of state.pending.values()) waits.answer ??= { kind: 'policy-changed' };
}

interface Asked {
  readonly turn: number;
  readonly call: ToolCallReference;
  readonly needed: ApprovalNeeded;
}

async function awaitAnswer(state: DeskState, tell: ApprovalDeskOptions['tell'], asked: Asked): Promise<ApprovalAnswer> {
  const { turn, call, needed } = asked;
  const { callId, name: tool } = call;
  const { pending } = state;
  const waits: Pending = { turn, needed };
  pending.set(callId, waits);
  tell(requested(asked));
  try {
    await untilAnswered(() => waits.answer !== undefined, needed.approval.expireMs);
    const given = waits.answer ?? { kind: 'expired' as const };
    tell({ kind: 'approval-ended', turn, callId, tool, answer: given.kind, ...detailsOf(given) });
    state.decisions = [...state.decisions, ...decisionOf(given, { turn, callId, tool })].slice(-KEPT_DECISIONS);
    return given;
  } catch (error) {
    tell({ kind: 'approval-ended', turn, callId, tool, answer: 'withdrawn' });
    throw error;
  } finally {
    pending.delete(callId);
  }
}

async function untilAnswered(isAnswered: () => boolean, expireMs: number | undefined): Promise<void> {
  await (expireMs === undefined ? condition(isAnswered) : condition(isAnswered, expireMs));
}

function requested({ turn, call, needed: { approval } }: Asked): TaskEventBody {
  const { about, reason, rule, expireMs } = approval;
  return {
    kind: 'approval-requested',
    turn,
    callId: call.callId,
    tool: call.name,
    about,
    reason,
    ...(expireMs === undefined ? {} : { untilMs: Date.now() + expireMs }),
    ...(rule === undefined ? {} : { rule: describeRule(rule) }),
  };
}

function detailsOf(given: ApprovalAnswer): { readonly by?: string; readonly rule?: string } {
  switch (given.kind) {
    case 'approved':
      return { by: given.by, ...ruleOf(given.remembered) };
    case 'denied':
      return { by: given.by };
    case 'expired':
    case 'policy-changed':
      return {};
  }
}

/** A change of the policy decides nothing about a call: it is judged anew. */
function decisionOf(given: ApprovalAnswer, call: Pick<ApprovalRecord, 'turn' | 'callId' | 'tool'>): readonly ApprovalRecord[] {
  if (given.kind === 'policy-changed') return [];
  const { rule: remembered, ...by } = detailsOf(given);
  return [{ ...call, decision: given.kind, ...by, atMs: Date.now(), ...(remembered === undefined ? {} : { remembered }) }];
}

function ruleOf(rule: ApprovalRule | undefined): { readonly rule?: string } {
  return rule === undefined ? {} : { rule: describeRule(rule) };
}

function nameOf(by: string): string {
  return toPrintable(by.trim(), BY_CHARACTERS);
}
