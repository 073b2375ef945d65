/**
 * One interface for every service that runs agents itself. The loop is the service's: it is given input and works until it has answered or
 * needs something of ours. An adapter sends one request, once, and either gives what the session came to or throws a `ModelFailureError`;
 * it never sends again by itself, never decides where to go next, and knows nothing of Temporal.
 */
import type { ToolDefinition } from '../../workflows/domain/tool-call.ts';
import type { ToolOutcome, TranscriptItem } from '../../workflows/domain/transcript.ts';
import type { Usage } from '../../workflows/domain/usage.ts';

/** What a service does, as its adapter declares it. The contract suite holds each adapter to its word. */
export interface ManagedAgentTraits {
  /** Calls of functions that we declare and answer. */
  readonly functionCalls: boolean;
  /** Asks before it calls a tool of an MCP server. */
  readonly mcpApprovals: boolean;
  /** The same input under the same key is taken once, however often it is sent. */
  readonly idempotentInput: boolean;
  /** What became of a session can be read, so that a broken stream is no question. */
  readonly readableSessions: boolean;
  /** A session whose opening was not answered can be found again by its key. */
  readonly findableSessions: boolean;
  /** The client names the session: its id is `SessionPlan.key`, known before it is opened. */
  readonly namesSessions: boolean;
  /** A turn that runs can be stopped. */
  readonly cancel: boolean;
  /** A session can be removed; otherwise it expires by itself. */
  readonly close: boolean;
  /** Agents that were made beforehand: needed, taken, or unknown. */
  readonly savedAgents: 'required' | 'optional' | 'none';
  /** Delegates to further agents by itself. */
  readonly subAgents: boolean;
  /** Tells the tokens that were used. */
  readonly usage: boolean;
}

/** What a session is opened with. */
export interface SessionPlan {
  /** Names the opening and no other: of the client's choosing, at most 64 characters of A-Z, a-z, 0-9, `-` and `_`. */
  readonly key: string;
  /** The service's id of a saved agent. */
  readonly agentId?: string;
  /** The model's name at this service; absent where the saved agent says. */
  readonly wireModel?: string;
  readonly instructions: string;
  readonly tools: readonly ToolDefinition[];
  /** For reconciliation on the service's side. At most 15 pairs. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The name under which a request for approval of an MCP tool is a tool call; its input has `server`, `tool` and `arguments`. */
export const MCP_APPROVAL = 'mcp_approval';

/** The result of a call that a session waits for. */
export interface SessionResult {
  readonly callId: string;
  /** `MCP_APPROVAL`: an `ok` approves, anything else denies. */
  readonly name: string;
  readonly outcome: ToolOutcome;
  readonly output: string;
}

/** What is said to a session; all results that it waits for are given together. */
export interface SessionInput {
  /** Names the input and no other; form as of `SessionPlan.key`. */
  readonly key: string;
  readonly results: readonly SessionResult[];
  /** What users say, in order. */
  readonly messages: readonly string[];
  /** What the service told with the calls that are answered now (`SessionTurn.continuation`). */
  readonly continuation?: string;
}

/** What a session came to before it needs something: an answer, or calls that wait. */
export interface SessionTurn {
  /** What it said, thought and did since the input, oldest first. The last ones are tool calls when it waits for results. */
  readonly items: readonly TranscriptItem[];
  /** Of all that it did since the input; zeros where the service does not tell. */
  readonly usage: Usage;
  /** To be given back with the results of the calls, where the service needs it. */
  readonly continuation?: string;
  /** Up to where the session was read, in the adapter's own form: what comes after it is new. */
  readonly marker?: string;
  /** What the session made and nothing of it can be taken along elsewhere, in words: files, agents of its own. */
  readonly leftBehind?: readonly string[];
}

/** What the adapter tells while a session works. */
export interface SessionProgress {
  /** The request is about to leave, credentials and all. Awaited; what it throws keeps the request from being sent. */
  onSending(): Promise<void>;
  /** The service named the session, or took the input: it is accepted from here on. Awaited before more is read. */
  onSession(sessionId: string): Promise<void>;
  /** Something arrived. */
  onEvent(): void;
}

export interface SessionOptions {
  readonly signal: AbortSignal;
  readonly progress: SessionProgress;
}

/** A session that was opened before. */
export interface OpenSession {
  readonly sessionId: string;
  readonly plan: SessionPlan;
  /** Up to where it was read. */
  readonly marker?: string;
}

/** What needs a trait that is declared false is refused as `unsupported`, `not-accepted`, before anything is sent. */
export interface ManagedAgentClient {
  readonly traits: ManagedAgentTraits;
  /** Opens a session with its first input, and follows it. @throws ModelFailureError */
  open(plan: SessionPlan, input: SessionInput, options: SessionOptions): Promise<SessionTurn & { readonly sessionId: string }>;
  /** Gives input to a session, and follows it. Never sends twice. @throws ModelFailureError */
  send(session: OpenSession, input: SessionInput, options: SessionOptions): Promise<SessionTurn>;
  /** The session that was opened with this key; `undefined`: there is none. Only with `findableSessions`. @throws ModelFailureError */
  find(plan: SessionPlan, options: Pick<SessionOptions, 'signal'>): Promise<string | undefined>;
  /**
   * What became of an input whose sending, or whose answer, is uncertain: follows the session to its end and gives what it came to;
   * `undefined`: the session never had the input, so that it may be sent. Only with `readableSessions`.
   * @throws ModelFailureError, `not-found` when the service no longer has the session
   */
  reconcile(session: OpenSession, input: SessionInput, options: SessionOptions): Promise<SessionTurn | undefined>;
  /** Stops what the session does; one that does nothing is left as it is. Only with `cancel`. @throws ModelFailureError */
  cancel(session: OpenSession): Promise<void>;
  /** Removes the session; one that is gone is no failure. Only with `close`. @throws ModelFailureError */
  close(session: OpenSession): Promise<void>;
}
