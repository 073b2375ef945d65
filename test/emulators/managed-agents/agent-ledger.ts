/** What an emulated service was asked, what it took, and what it made: the tests about sending once and losing nothing read it. */

export interface AgentRequestEntry {
  readonly sequence: number;
  readonly method: string;
  readonly path: string;
  /** `Idempotency-Key` as it was sent, known here or not. */
  readonly key: string | null;
  status: number | null;
  /** Kind of the fault that it met. */
  fault: string | null;
}

/** An input that a session took, its first one included. */
export interface TakenInput {
  readonly sessionId: string;
  /** The key that named it, where the service knows keys. */
  readonly key: string | null;
  readonly results: number;
  readonly messages: number;
  /** The texts of the messages, where they are told apart. */
  readonly said?: readonly string[];
  /** What was decided about tools of MCP servers, in order. */
  readonly decisions?: readonly ('approved' | 'denied')[];
}

export interface LedgerSession {
  readonly id: string;
  readonly metadata: Readonly<Record<string, string>>;
  status: string;
  closed: boolean;
}

export class AgentLedger {
  readonly requests: AgentRequestEntry[] = [];
  readonly inputs: TakenInput[] = [];
  /** One for each time that the model was asked. */
  readonly generations: { readonly sessionId: string }[] = [];
  readonly sessions: LedgerSession[] = [];

  open(method: string, path: string, key: string | null = null): AgentRequestEntry {
    const entry: AgentRequestEntry = { sequence: this.requests.length + 1, method, path, key, status: null, fault: null };
    this.requests.push(entry);
    return entry;
  }
}
