/** One conversation of an emulated Foundry project, and the responses that are made in it. */
import { setTimeout as pause } from 'node:timers/promises';
import type { ScriptedTurn } from '../conversation-script.ts';
import { selectTurn } from '../conversation-script.ts';
import type { LedgerSession } from './agent-ledger.ts';
import { FAILURE_MESSAGE } from './failure-message.ts';
import type { FoundryInput } from './foundry-bodies.ts';
import type { GuardedState } from './guarded-call.ts';
import { selectPart } from './played-parts.ts';

type Fields = Readonly<Record<string, unknown>>;
type Part = Fields & { readonly type: string };
type Item = Part & { readonly id: string };
type Tell = (type: string, fields: Fields) => void;

const USAGE = {
  input_tokens: 100,
  input_tokens_details: { cached_tokens: 50 },
  output_tokens: 20,
  output_tokens_details: { reasoning_tokens: 5 },
  total_tokens: 120,
};

export interface FoundryResponse {
  readonly id: string;
  /** Of a hosted agent: not in the background, and kept as if it worked for ever. */
  readonly isHosted: boolean;
  status: 'in_progress' | 'completed' | 'failed' | 'cancelled';
  output: readonly Item[];
  error: { readonly code: string; readonly message: string } | null;
}

export class FoundryConversation {
  readonly entry: LedgerSession;
  metadata: Record<string, string>;
  /** Oldest first; those of a response come when it is over, and those of a hosted agent's one by one. */
  readonly items: Item[] = [];
  readonly #state: GuardedState;
  #numbers = 0;
  #running: FoundryResponse | undefined;

  constructor(state: GuardedState, id: string, metadata: Record<string, string>) {
    this.#state = state;
    this.metadata = metadata;
    this.entry = { id, metadata, status: 'idle', closed: false };
    state.ledger.sessions.push(this.entry);
  }

  get isBusy(): boolean {
    return this.#running !== undefined;
  }

  toObject() {
    return { id: this.entry.id, object: 'conversation', created_at: 1_790_000_000, metadata: this.metadata };
  }

  /** Ids of the calls and requests that have no answer yet. */
  waiting(): ReadonlySet<unknown> {
    const answered = new Set(
      this.items.flatMap((item) => [item['call_id'], item['approval_request_id']].slice(isCall(item) ? 2 : 0)),
    );
    return new Set(
      this.items
        .filter(isCall)
        .map((item) => (item.type === 'mcp_approval_request' ? item.id : item['call_id']))
        .filter((id) => !answered.has(id)),
    );
  }

  /** Takes what was validated; the caller lets it play. */
  take(isHosted: boolean): FoundryResponse {
    const response: FoundryResponse = { id: this.#name('resp'), isHosted, status: 'in_progress', output: [], error: null };
    this.#running = response;
    return response;
  }

  async play(response: FoundryResponse, input: readonly FoundryInput[], tell: Tell): Promise<void> {
    const { faults, ledger, script } = this.#state;
    const results = input.filter(({ type }) => type !== 'message').length;
    const decisions = input.flatMap((item) => (item.type === 'mcp_approval_response' ? [item.approve] : []));
    ledger.inputs.push({
      sessionId: this.entry.id,
      key: null,
      results,
      messages: input.length - results,
      said: input.flatMap((item) => (item.type === 'message' ? [item.content.map(({ text }) => text).join('')] : [])),
      decisions: decisions.map((isApproved) => (isApproved ? 'approved' : 'denied')),
    });
    ledger.generations.push({ sessionId: this.entry.id });
    const given = input.map((item): Item => ({ ...item, id: this.#name('item') }));
    const slow = faults.take(['slow']);
    const failed = faults.take(['turn-failed']);
    const scripted =
      faults.take(['empty-turn']) === undefined ? selectTurn(script, [...this.items, ...given].map(toHistory)) : {};
    tell('response.created', { response: toObject(response) });
    // What was told leaves before a connection may break.
    await pause(0);
    tell('response.in_progress', { response: toObject(response) });
    if (response.isHosted) this.items.push(...given);
    await this.#say(response, partsOf(scripted, response.isHosted), { tell, delayMs: slow?.eventDelayMs ?? 0 });
    this.#end(response, given, failed?.code);
    tell(`response.${response.status}`, { response: toObject(response) });
  }

  async #say(response: FoundryResponse, parts: readonly Part[], { tell, delayMs }: { tell: Tell; delayMs: number }) {
    for (const [index, part] of parts.entries()) {
      const item: Item = { ...part, id: this.#name(part.type === 'message' ? 'msg' : 'item') };
      tell('response.output_item.added', { output_index: index, item });
      await pause(delayMs);
      if (response.status !== 'in_progress' || this.entry.closed) break;
      if (part.type === 'message') tell('response.output_text.delta', { output_index: index, delta: 'some' });
      response.output = [...response.output, item];
      if (response.isHosted) this.items.push(item);
      tell('response.output_item.done', { output_index: index, item });
    }
  }

  cancel(response: FoundryResponse): void {
    if (response.status === 'in_progress') response.status = 'cancelled';
  }

  #end(response: FoundryResponse, given: readonly Item[], failure: string | undefined): void {
    this.#running = undefined;
    if (response.status === 'in_progress') response.status = failure === undefined ? 'completed' : 'failed';
    if (failure !== undefined) {
      response.output = [];
      response.error = { code: failure, message: FAILURE_MESSAGE };
    }
    if (response.status === 'completed' && !response.isHosted) this.items.push(...given, ...response.output);
  }

  #name(what: string): string {
    this.#numbers += 1;
    return `${what}_${this.entry.id.slice(-8)}_${this.#numbers}`;
  }
}

export function toObject({ isHosted, ...response }: FoundryResponse) {
  const usage = response.status === 'completed' ? USAGE : null;
  return { object: 'response', background: !isHosted, store: true, incomplete_details: null, usage, ...response };
}

/** As it is told to whoever asks for it afterwards. */
export function toKeptObject(response: FoundryResponse) {
  return toObject(response.isHosted ? { ...response, status: 'in_progress', output: [] } : response);
}

function partsOf(scripted: ScriptedTurn, isHosted: boolean): readonly Part[] {
  const own = scripted.ownCommand === undefined ? [] : ownCall(isHosted);
  return [...own, ...selectPart(scripted).map(toWire), ...approvalOf(scripted.mcpApproval)];
}

function isCall({ type }: Item): boolean {
  return type === 'function_call' || type === 'mcp_approval_request';
}

/** The script's player knows what the model was told by its name. */
function toHistory(item: Item) {
  return item.type === 'mcp_approval_response' ? { type: 'mcp_approval_output', output: '' } : item;
}

let calls = 0;

/** What the agent calls by itself: a tool of the service's, or a function that a hosted one has in its code. */
function ownCall(isHosted: boolean): readonly Part[] {
  calls += 1;
  const [type, callId] = [isHosted ? 'function_call' : 'openapi_call', `call_${calls}`];
  return [
    { type, call_id: callId, name: 'look_up', arguments: '{}', status: 'completed' },
    { type: `${type}_output`, call_id: callId, output: 'found' },
  ];
}

/** Arguments are text in the Responses API. */
function toWire(part: Part): Part {
  if (part.type !== 'function_call') return part;
  calls += 1;
  const { arguments: given } = part;
  return {
    ...part,
    status: 'completed',
    call_id: `call_${calls}`,
    arguments: typeof given === 'string' ? given : JSON.stringify(given),
  };
}

function approvalOf(
  asked: { readonly server: string; readonly tool: string; readonly arguments?: Fields | undefined } | undefined,
) {
  if (asked === undefined) return [];
  const { server, tool, arguments: given = {} } = asked;
  return [{ type: 'mcp_approval_request', server_label: server, name: tool, arguments: JSON.stringify(given) }];
}
