/** One session of an emulated reasoning engine: it plays its script as the Agent Development Kit's app does, and keeps its events. */
import { setTimeout as pause } from 'node:timers/promises';
import type { ScriptedTurn } from '../conversation-script.ts';
import { selectTurn } from '../conversation-script.ts';
import type { LedgerSession } from './agent-ledger.ts';
import type { ContentPart } from './agent-engine-bodies.ts';
import type { GuardedState } from './guarded-call.ts';
import { FAILURE_MESSAGE } from './failure-message.ts';

/** As the kit writes it. */
export type KitEvent = Readonly<Record<string, unknown>>;
type Tell = (event: KitEvent) => void;

/** A tool of the engine's own, which it calls and answers by itself. */
const OWN_TOOL = 'look_up';
const USAGE = { prompt_token_count: 100, cached_content_token_count: 50, candidates_token_count: 15, thoughts_token_count: 5 };
const PIECES = 5;

interface HistoryItem {
  readonly type?: string;
  readonly role?: string;
  readonly content?: unknown;
  readonly output?: string;
}

interface Run {
  readonly id: string;
  readonly tell: Tell;
  readonly delayMs: number;
}

export class EngineSession {
  readonly entry: LedgerSession;
  readonly userId: string;
  /** Oldest first, as the service tells them. */
  readonly stored: KitEvent[] = [];
  /** Ids of the calls that wait, by their tool. */
  readonly waiting = new Map<string, string>();
  readonly #state: GuardedState;
  readonly #history: HistoryItem[] = [];
  #numbers = 0;
  #clockMs = 0;

  constructor(state: GuardedState, { id, userId, metadata }: { id: string; userId: string; metadata: Record<string, string> }) {
    this.userId = userId;
    this.#state = state;
    this.entry = { id, metadata, status: 'idle', closed: false };
    state.ledger.sessions.push(this.entry);
  }

  /** Takes what was validated, and tells what becomes of it until it is over. */
  async run(parts: readonly ContentPart[], tell: Tell): Promise<void> {
    const { faults, ledger } = this.#state;
    const results = parts.flatMap(({ function_response: response }) => (response === undefined ? [] : [response]));
    const messages = parts.flatMap(({ text }) => (text === undefined ? [] : [text]));
    const sessionId = this.entry.id;
    ledger.inputs.push({ sessionId, key: null, results: results.length, messages: messages.length });
    for (const { id, response } of results) {
      this.waiting.delete(id);
      this.#history.push({ type: 'function_call_output', output: JSON.stringify(response) });
    }
    for (const text of messages) this.#history.push({ role: 'user', content: [{ type: 'input_text', text }] });
    const run = { id: this.#name('e'), tell, delayMs: faults.take(['slow'])?.eventDelayMs ?? 0 };
    this.#emit(run, { author: 'user', content: { role: 'user', parts } }, 'stored');
    await this.#play(run);
  }

  async #play(run: Run): Promise<void> {
    const { faults, ledger, script } = this.#state;
    const failed = faults.take(['turn-failed']);
    const isEmpty = faults.take(['empty-turn']) !== undefined;
    for (;;) {
      ledger.generations.push({ sessionId: this.entry.id });
      const scripted = isEmpty ? {} : selectTurn(script, this.#history);
      if (scripted.ownCommand !== undefined) this.#delegate(run);
      if (!(await this.#sayInPieces(run, scripted.text ?? 'hm'))) return;
      if (failed !== undefined) {
        this.#emit(run, { author: 'root_agent', error_code: failed.code, error_message: FAILURE_MESSAGE }, 'both');
        return;
      }
      this.#history.push({ role: 'assistant' });
      if (!this.#answer(run, scripted)) return;
    }
  }

  /** An agent of its own says its last word, which is not the engine's. */
  #delegate(run: Run): void {
    this.#emit(run, { author: 'helper', content: { role: 'model', parts: [{ text: 'I have looked.' }] } }, 'both');
  }

  /** Whether it is still there in the end. */
  async #sayInPieces(run: Run, text: string): Promise<boolean> {
    for (let piece = 0; piece < PIECES; piece += 1) {
      await pause(run.delayMs);
      if (this.entry.closed) {
        run.tell({ error: { code: 404, message: `Session not found: ${this.entry.id}`, status: 'NOT_FOUND' } });
        return false;
      }
      const [from, to] = [piece, piece + 1].map((at) => Math.round((at * text.length) / PIECES));
      const content = { role: 'model', parts: [{ text: text.slice(from, to) }] };
      this.#emit(run, { author: 'root_agent', partial: true, content }, 'told');
    }
    return true;
  }

  /** Whether it goes on by itself. */
  #answer(run: Run, { text, toolCalls = [] }: ScriptedTurn): boolean {
    const calls = toolCalls.map(({ name, input }) => ({ id: this.#name('adk'), name, args: input }));
    const long = calls.filter(({ name }) => name !== OWN_TOOL);
    for (const { id, name } of long) this.waiting.set(id, name);
    const parts = [
      { text: 'I think.', thought: true },
      ...(text === undefined ? [] : [{ text }]),
      ...calls.map((call) => ({ function_call: call })),
    ];
    const ids = long.length === 0 ? {} : { long_running_tool_ids: long.map(({ id }) => id) };
    this.#emit(run, { author: 'root_agent', content: { role: 'model', parts }, usage_metadata: USAGE, ...ids }, 'both');
    const own = calls.filter(({ name }) => name === OWN_TOOL);
    for (const { id, name } of own) {
      const response = { result: 'found' };
      this.#history.push({ type: 'function_call_output', output: 'found' });
      const content = { role: 'user', parts: [{ function_response: { id, name, response } }] };
      this.#emit(run, { author: 'root_agent', content }, 'both');
    }
    return own.length > 0;
  }

  #emit(run: Run, fields: KitEvent, where: 'told' | 'stored' | 'both'): void {
    this.#clockMs = Math.max(Date.now(), this.#clockMs + 5);
    const event = { id: this.#name('ev'), invocation_id: run.id, timestamp: this.#clockMs / 1_000, ...fields };
    if (where !== 'told') this.stored.push(this.#store(event, this.#clockMs));
    if (where !== 'stored') run.tell(event);
  }

  /** As the service's own API tells it. */
  #store(event: KitEvent, atMs: number): KitEvent {
    const { content, long_running_tool_ids: ids } = event;
    return {
      name: `sessions/${this.entry.id}/events/${this.#numbers}`,
      author: event['author'],
      invocationId: event['invocation_id'],
      timestamp: new Date(atMs).toISOString(),
      ...(content === undefined ? {} : { content: toCamel(content) }),
      ...(event['error_code'] === undefined ? {} : { errorCode: event['error_code'], errorMessage: event['error_message'] }),
      eventMetadata: { partial: false, ...(ids === undefined ? {} : { longRunningToolIds: ids }) },
    };
  }

  #name(what: string): string {
    this.#numbers += 1;
    return `${what}-${this.entry.id.slice(-8)}-${this.#numbers}`;
  }
}

function toCamel(content: unknown): unknown {
  const text = JSON.stringify(content);
  return JSON.parse(
    text.replaceAll('"function_call":', '"functionCall":').replaceAll('"function_response":', '"functionResponse":'),
  );
}
