/** Whether an answer to a waiting tool call can be taken; what comes over the wire has any form, since `temporal` takes whatever is typed. */
import { APPROVAL_MODES } from './domain/approval.ts';
import type { ApprovalRecord } from './domain/task-result.ts';
import { toPrintable } from './domain/tool-call.ts';

/** What waits, and what was answered. */
export interface Standing {
  readonly waiting: readonly { readonly callId: string; readonly turn: number; readonly canBeRemembered: boolean }[];
  /** Without a turn of whichever was the last. */
  answered(callId: string, turn: number | undefined): AnsweredCall | undefined;
  /** How many are remembered. */
  readonly rules: number;
}

export type AnsweredCall = Pick<ApprovalRecord, 'decision' | 'by' | 'turn'>;

/** Why an answer is not taken. `kind` tells a program what the words tell a person. */
export interface Refusal {
  readonly kind: 'wrong-input' | 'not-waiting' | 'answered' | 'no-rule';
  readonly words: string;
}

/** Each call of the history carries them. */
const MOST_RULES = 50;
const SHOWN_CHARACTERS = 80;

/** Why an answer cannot be taken; `undefined`: it can. The same answer again changes nothing, and is taken. */
export function reasonAgainstAnswer(input: unknown, wanted: 'approved' | 'denied', standing: Standing): Refusal | undefined {
  const answer = readAnswer(input);
  if (typeof answer === 'string') return { kind: 'wrong-input', words: answer };
  const { callId, turn, remember } = answer;
  const waits = standing.waiting.find((call) => call.callId === callId && isOfTurn(call, turn));
  if (waits === undefined) {
    const before = standing.answered(callId, turn);
    if (before === undefined) return { kind: 'not-waiting', words: notWaiting(callId, standing) };
    return before.decision === wanted ? undefined : { kind: 'answered', words: describeAnswered(before) };
  }
  if (!remember) return undefined;
  if (!waits.canBeRemembered) return noRule('no rule covers the like of this call: approve it without "remember"');
  return standing.rules >= MOST_RULES ? noRule(`${MOST_RULES} rules are remembered already`) : undefined;
}

/** Whoever names no turn means any. */
export function isOfTurn(call: { readonly turn: number }, turn: number | undefined): boolean {
  return turn === undefined || turn === call.turn;
}

function noRule(words: string): Refusal {
  return { kind: 'no-rule', words };
}

function describeAnswered({ decision, by }: AnsweredCall): string {
  return `the call ${decision === 'expired' ? 'had expired' : `was ${decision} already`}${by === undefined ? '' : `, by ${by}`}`;
}

/** Why a mode cannot be set; `undefined`: it can. */
export function reasonAgainstMode(input: unknown): string | undefined {
  const mode = fieldOf(input, 'mode');
  if (!APPROVAL_MODES.some((known) => known === mode)) return `mode is one of ${APPROVAL_MODES.join(', ')}`;
  return reasonAgainstBy(fieldOf(input, 'by'));
}

interface Answer {
  readonly callId: string;
  readonly turn: number | undefined;
  readonly remember: boolean;
}

function readAnswer(input: unknown): Answer | string {
  if (typeof input !== 'object' || input === null) return 'an answer is an object such as {"callId": "call_1", "by": "ada"}';
  const callId = fieldOf(input, 'callId');
  if (typeof callId !== 'string' || callId === '') return 'callId names the call that waits';
  const turn = fieldOf(input, 'turn') ?? undefined;
  if (turn !== undefined && typeof turn !== 'number') return 'turn is that of the call, a number';
  const remember = fieldOf(input, 'remember') ?? false;
  if (typeof remember !== 'boolean') return 'remember is true or false';
  return reasonAgainstWords(input) ?? { callId, turn, remember };
}

function reasonAgainstWords(input: unknown): string | undefined {
  const reason = fieldOf(input, 'reason') ?? '';
  if (typeof reason !== 'string') return 'reason is a text';
  return reasonAgainstBy(fieldOf(input, 'by'));
}

function reasonAgainstBy(by: unknown): string | undefined {
  return typeof by === 'string' && by.trim() !== '' ? undefined : 'by says who decides, such as "ada"';
}

function fieldOf(input: unknown, name: string): unknown {
  return typeof input === 'object' && input !== null ? Reflect.get(input, name) : undefined;
}

function notWaiting(callId: string, { waiting }: Standing): string {
  const others = waiting.map((call) => shown(call.callId)).join(', ');
  const there = waiting.length === 0 ? 'no call waits for approval' : `these wait: ${others}`;
  return `the call ${shown(callId)} does not wait for approval: ${there}`;
}

/** Ids of calls are made up by models. */
function shown(callId: string): string {
  return `"${toPrintable(callId, SHOWN_CHARACTERS)}"`;
}
