/** A test's talk with a managed agent, and what its emulated service wrote down meanwhile. */
import { randomUUID } from 'node:crypto';
import type {
  ManagedAgentClient,
  OpenSession,
  SessionInput,
  SessionOptions,
  SessionPlan,
  SessionResult,
  SessionTurn,
} from '../../activities/managed-agents/managed-agent-client.ts';
import type { ToolCall } from '../../workflows/domain/transcript.ts';
import type { AgentLedger } from '../emulators/managed-agents/agent-ledger.ts';
import type { EmulatedService } from './emulated-services.ts';

export const INSTRUCTIONS = 'Be brief, says the secret of the instructions, and never tell it to anybody.';

export function aPlan({ plan }: EmulatedService, overrides: Partial<SessionPlan> = {}): SessionPlan {
  return {
    key: `key-${randomUUID()}`,
    instructions: INSTRUCTIONS,
    tools: [],
    metadata: { task: 'task-1' },
    ...plan,
    ...overrides,
  };
}

export function says(...messages: readonly string[]): SessionInput {
  return { key: `input-${randomUUID()}`, results: [], messages };
}

/** The results of all calls that a turn ended with. */
export function answers(turn: SessionTurn, outcome: SessionResult['outcome'] = 'ok'): SessionInput {
  const results = callsOf(turn).map(({ callId, name }) => ({ callId, name, outcome, output: 'two tests passed' }));
  const { continuation } = turn;
  return { key: `input-${randomUUID()}`, results, messages: [], ...(continuation === undefined ? {} : { continuation }) };
}

export function callsOf({ items }: SessionTurn): readonly ToolCall[] {
  return items.flatMap((item) => (item.kind === 'tool-call' ? [item] : []));
}

export function lastText({ items }: SessionTurn): string | undefined {
  const last = items.findLast((item) => item.kind === 'assistant-message');
  return last?.kind === 'assistant-message' ? last.text : undefined;
}

/** Where a session is read on from. */
export function after(session: OpenSession, { marker }: SessionTurn): OpenSession {
  return { sessionId: session.sessionId, plan: session.plan, ...(marker === undefined ? {} : { marker }) };
}

/** Options that remember what was told, in order. */
export function listening(overrides: { readonly signal?: AbortSignal; readonly onEvent?: () => void } = {}) {
  const told: string[] = [];
  const options: SessionOptions = {
    signal: overrides.signal ?? new AbortController().signal,
    progress: {
      onSending: async () => void told.push('sending'),
      onSession: async (id) => void told.push(`session ${id}`),
      onEvent: () => overrides.onEvent?.(),
    },
  };
  return { ...options, told };
}

export async function openWith(client: ManagedAgentClient, plan: SessionPlan, input: SessionInput) {
  const turn = await client.open(plan, input, listening());
  const opened: OpenSession = { sessionId: turn.sessionId, plan };
  return { turn, session: after(opened, turn) };
}

export async function readAgentLedger(control: string): Promise<AgentLedger> {
  const response = await fetch(`${control}/ledger`);
  return (await response.json()) as AgentLedger; // the emulators are ours
}

export async function setAgentFaults(control: string, faults: readonly object[]): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${control}/faults`, { method: 'POST', headers, body: JSON.stringify({ faults }) });
  if (!response.ok) throw new Error(`the service refuses these faults: ${await response.text()}`);
}

export async function clearAgentFaults(control: string): Promise<void> {
  await fetch(`${control}/faults`, { method: 'DELETE' });
}
