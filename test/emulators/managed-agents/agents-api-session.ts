/** One session of the emulated Agents API: it plays its script, and tells whoever listens at that moment. */
import { setTimeout as pause } from 'node:timers/promises';
import type { ScriptedTurn } from '../conversation-script.ts';
import { selectTurn } from '../conversation-script.ts';
import type { LedgerSession } from './agent-ledger.ts';
import type { InputEvent, Opening } from './agents-api-bodies.ts';
import type { AgentsApiState } from './agents-api-service.ts';
import { countInput } from './count-input.ts';
import { FAILURE_MESSAGE } from './failure-message.ts';
import { ownPart, selectPart } from './played-parts.ts';

export type WireEvent = Readonly<Record<string, unknown>> & { readonly type: string };
export type Listener = (event: WireEvent) => void;
type WireItem = Readonly<Record<string, unknown>> & { readonly id: string; readonly type: string };
type Action = Readonly<Record<string, unknown>> & { readonly type: string; readonly turn_id: string };

interface HistoryItem {
  readonly type?: string;
  readonly role?: string;
  readonly content?: unknown;
  readonly output?: string;
}

interface Turn {
  readonly id: string;
  status: 'in_progress' | 'waiting' | 'completed' | 'failed' | 'cancelled';
  error: { readonly code: string; readonly message: string } | null;
}

const TOKENS = { input: 100, output: 20 };

export class EmulatedSession {
  readonly id: string;
  readonly items: WireItem[] = [];
  readonly turns: Turn[] = [];
  readonly keys = new Set<string>();
  readonly entry: LedgerSession;
  requiredActions: readonly Action[] = [];
  readonly #state: AgentsApiState;
  readonly #opening: Opening;
  /** As the script's player knows them: inputs, answers, results. */
  readonly #history: HistoryItem[] = [];
  readonly #listeners = new Set<Listener>();
  #numbers = 0;
  #generations = 0;

  constructor(state: AgentsApiState, opening: Opening, id: string) {
    this.id = id;
    this.#state = state;
    this.#opening = opening;
    this.entry = { id, metadata: opening.metadata ?? {}, status: 'idle', closed: false };
    state.ledger.sessions.push(this.entry);
  }

  get status(): string {
    return this.entry.status;
  }

  toObject() {
    const { input, output } = { input: TOKENS.input * this.#generations, output: TOKENS.output * this.#generations };
    return {
      id: this.id,
      object: 'agent.session',
      created_at: 1_790_000_000,
      last_active_at: 1_790_000_000,
      agent: { id: 'agent_1', model: this.#opening.agent?.model ?? 'saved' },
      environment: { type: 'none' },
      error: null,
      metadata: this.entry.metadata,
      required_actions: this.requiredActions,
      status: this.status,
      vault_ids: [],
      usage: {
        input_tokens: input,
        input_tokens_details: { cached_tokens: input / 2 },
        output_tokens: output,
        output_tokens_details: { reasoning_tokens: output / 4 },
        total_tokens: input + output,
      },
    };
  }

  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes what was validated, and goes on when nothing is waited for any more. */
  take(events: readonly InputEvent[], key: string | null): void {
    // Whatever comes while it works steers it.
    const isSteered = this.status === 'in_progress';
    for (const event of events) this.#takeOne(event);
    this.#state.ledger.inputs.push({ sessionId: this.id, key, ...countInput(events) });
    if (this.requiredActions.length > 0 || isSteered) return;
    if (this.#active() === undefined) this.#beginTurn();
    this.#setStatus('in_progress');
    void this.#play();
  }

  cancel(): void {
    const turn = this.#active();
    if (turn === undefined) return;
    turn.status = 'cancelled';
    this.requiredActions = [];
    this.#tellTurn('cancelled', turn);
    this.#setStatus('idle');
  }

  #takeOne(event: InputEvent): void {
    switch (event.type) {
      case 'agent.session.input.message':
        if (this.#active() === undefined) this.#beginTurn();
        for (const { content } of event.input) {
          this.#history.push({ role: 'user', content });
          this.#add({ type: 'message', role: 'user', status: 'completed', phase: null, content }, null);
        }
        return;
      case 'agent.session.input.tool_result': {
        const { call_id, output, error, success } = event;
        this.#settleAction(({ call_id: id }) => id === call_id);
        this.#history.push({ type: 'function_call_output', output: output ?? error ?? '' });
        const status = success ? 'completed' : 'failed';
        this.#add({ type: 'function_call_output', call_id, output: output ?? null, error: error ?? null, status }, null);
        return;
      }
      case 'agent.session.input.mcp_approval_request_result':
        this.#settleAction(({ request_id: id }) => id === event.request_id);
        this.#history.push({ type: 'mcp_approval_output', output: event.response.decision });
        return;
      case 'agent.session.input.cancel':
        return;
    }
  }

  #settleAction(isIt: (action: Action) => boolean): void {
    this.requiredActions = this.requiredActions.filter((action) => !isIt(action));
  }

  async #play(): Promise<void> {
    const { faults, ledger, script } = this.#state;
    const turn = this.#active();
    if (turn === undefined) return;
    const slow = faults.take(['slow']);
    const failed = faults.take(['turn-failed']);
    const step = async (): Promise<boolean> => {
      await pause(slow?.eventDelayMs ?? 0);
      return turn.status === 'in_progress' && !this.entry.closed;
    };
    turn.status = 'in_progress';
    if (!(await step())) return;
    this.#tellTurn('in_progress', turn);
    ledger.generations.push({ sessionId: this.id });
    this.#generations += 1;
    if (!(await step())) return;
    if (failed !== undefined) return this.#fail(turn, failed.code);
    const scripted = faults.take(['empty-turn']) === undefined ? selectTurn(script, this.#history) : {};
    for (const part of [...ownPart(scripted), ...selectPart(scripted)]) {
      await this.#say(part, step);
      if (turn.status !== 'in_progress' || this.entry.closed) return;
    }
    this.#history.push({ role: 'assistant' });
    this.#end(turn, scripted);
  }

  async #say(part: Readonly<Record<string, unknown>> & { readonly type: string }, step: () => Promise<boolean>): Promise<void> {
    const item = this.#toItem(part);
    this.#tell('agent.session.turn.item.added', { item, output_index: this.items.length, turn_id: item['turn_id'] });
    if (!(await step())) return;
    if (part.type === 'message') this.#tell('agent.session.turn.output_text.delta', { item_id: item.id, delta: 'some' });
    if (!(await step())) return;
    this.items.push(item);
    this.#tell('agent.session.turn.item.done', { item, output_index: this.items.length, turn_id: item['turn_id'] });
  }

  #end(turn: Turn, scripted: ScriptedTurn): void {
    const waiting: Action[] = this.items
      .filter(({ type, turn_id: id, status }) => type === 'function_call' && id === turn.id && status === 'in_progress')
      .filter(({ call_id: id }) => !this.items.some((item) => item.type === 'function_call_output' && item['call_id'] === id))
      .map(({ call_id, name, arguments: given }) => ({
        type: 'function_call',
        call_id,
        name,
        arguments: given,
        turn_id: turn.id,
      }));
    const { mcpApproval } = scripted;
    if (mcpApproval !== undefined) {
      const { server, tool, arguments: given = {} } = mcpApproval;
      const request = { type: 'mcp_tool_call', message: 'May I?', server_label: server, name: tool, arguments: given };
      waiting.push({ type: 'mcp_approval_request', request_id: this.#name('apr'), turn_id: turn.id, request });
    }
    this.requiredActions = waiting;
    turn.status = waiting.length > 0 ? 'waiting' : 'completed';
    if (waiting.length === 0) this.#tellTurn('completed', turn);
    this.#setStatus(waiting.length > 0 ? 'requires_action' : 'idle');
  }

  #fail(turn: Turn, code: string): void {
    turn.status = 'failed';
    turn.error = { code, message: FAILURE_MESSAGE };
    this.#tell('error', { error: { code, message: FAILURE_MESSAGE, param: null, type: 'server_error' } });
    this.#tellTurn('failed', turn);
    this.#setStatus('idle');
  }

  #beginTurn(): void {
    const turn: Turn = { id: this.#name('turn'), status: 'in_progress', error: null };
    this.turns.push(turn);
    this.#tellTurn('created', turn);
  }

  #active(): Turn | undefined {
    return this.turns.find(({ status }) => status === 'in_progress' || status === 'waiting');
  }

  #toItem(fields: Readonly<Record<string, unknown>> & { readonly type: string }): WireItem {
    const call = fields.type === 'function_call' ? { call_id: this.#name('call') } : {};
    return { id: this.#name('item'), turn_id: this.turns.at(-1)?.id ?? null, ...fields, ...call };
  }

  #add(fields: Readonly<Record<string, unknown>> & { readonly type: string }, index: number | null): void {
    const item = this.#toItem(fields);
    this.items.push(item);
    this.#tell('agent.session.turn.item.added', { item, output_index: index, turn_id: item['turn_id'] });
  }

  #tellTurn(status: string, turn: Turn): void {
    const told = { id: turn.id, object: 'agent.session.turn', status: turn.status, error: turn.error, subagent_id: null };
    this.#tell(`agent.session.turn.${status}`, { turn: { ...told, session_id: this.id }, turn_id: turn.id, usage: null });
  }

  #setStatus(status: string): void {
    this.entry.status = status;
    this.#tell(`agent.session.${status}`, { session: this.toObject() });
  }

  #tell(type: string, fields: Readonly<Record<string, unknown>>): void {
    const event = { type, event_id: this.#name('event'), session_id: this.id, ...fields };
    for (const listener of this.#listeners) listener(event);
  }

  #name(what: string): string {
    this.#numbers += 1;
    return `${what}_${this.id.slice(-8)}_${this.#numbers}`;
  }
}
