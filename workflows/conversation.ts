/**
 * What is said to a task while it works. A message is stored first and known by its id from then on; it is read between two steps, or at
 * once, when it ends what runs. The same request id twice is one message.
 */
import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
  setHandler,
} from '@temporalio/workflow';
import type { PutMessageResult, RollBackResult } from './activity-interfaces.ts';
import type { TaskEventBody } from './domain/task-status.ts';
import { toPrintable } from './domain/tool-call.ts';
import type { ItemId } from './domain/transcript.ts';
import type { ConversationEffects } from './loop-state.ts';
import { INTERRUPTED } from './loop-state.ts';
import type { Listener } from './message-check.ts';
import { reasonAgainstMessage } from './message-check.ts';
import type { SendMessageInput, SendMessageResult } from './messages.ts';
import { sendMessageUpdate } from './messages.ts';

/** Carried from run to run. */
export interface ConversationState {
  readonly inbox: readonly { readonly item: ItemId; readonly isSoon: boolean }[];
  /** Request ids, the newest last. */
  readonly seen: readonly string[];
  /** Asked for and not done yet. */
  readonly rollBackTo?: number;
}

export interface ConversationOptions extends Listener {
  readonly begin: ConversationState | undefined;
  tell(event: TaskEventBody): void;
  store(message: { readonly requestId: string; readonly text: string }): Promise<PutMessageResult>;
  /** Ends what runs without waiting for its next heartbeat. */
  hurry(): Promise<void>;
  /** Under a turn's number of its own. */
  rollBack(toTurn: number, turn: number): Promise<RollBackResult>;
}

export interface Conversation extends Omit<ConversationEffects, 'checkOutput'> {
  /** Messages of before, which come before all that have come since. */
  putBack(items: readonly ItemId[]): void;
  /** Not read yet; to be carried into the next run, once no handler runs any more. */
  state(): ConversationState;
}

/** A request that is repeated comes soon after the first. */
const SEEN_REQUESTS = 200;
const EXCERPT_CHARACTERS = 80;

/** Sets the handler; called before the first await, so that no message finds a task without it. */
export function openConversation(options: ConversationOptions): Conversation {
  let { inbox = [], seen = [], rollBackTo } = options.begin ?? {};
  let working: CancellationScope | undefined;
  let isCut = false;

  async function interrupt(): Promise<void> {
    isCut = true;
    working?.cancel();
    if (working !== undefined) await options.hurry();
  }

  async function receive({ requestId, text, mode, toTurn }: SendMessageInput): Promise<SendMessageResult> {
    if (seen.includes(requestId)) return { requestId, isRepeated: true };
    seen = [...seen, requestId].slice(-SEEN_REQUESTS);
    const { item } = text === undefined ? {} : await options.store({ requestId, text });
    if (text !== undefined && item === undefined) return { requestId, isRepeated: true };
    if (item !== undefined) inbox = [...inbox, { item, isSoon: mode !== 'enqueue' && mode !== 'reject' }];
    if (mode === 'rollback') rollBackTo = toTurn;
    options.tell({ kind: 'message-received', mode, requestId, excerpt: toPrintable(text ?? '', EXCERPT_CHARACTERS) });
    if (mode === 'interrupt' || mode === 'rollback') await interrupt();
    return { requestId, isRepeated: false };
  }

  setHandler(sendMessageUpdate, receive, {
    validator(message) {
      const reason = reasonAgainstMessage(message, options, inbox.length);
      if (reason !== undefined) throw ApplicationFailure.nonRetryable(reason, 'MessageRefused');
    },
  });

  return {
    putBack: (items) => void (inbox = [...items.map((item) => ({ item, isSoon: false })), ...inbox]),
    state: () => ({ inbox, seen, ...(rollBackTo === undefined ? {} : { rollBackTo }) }),
    async interruptible(work) {
      if (isCut) return INTERRUPTED;
      working = new CancellationScope();
      const done = await orCancelled(working.run(work), () => isCut);
      working = undefined;
      return done;
    },
    async takeRollback(turn) {
      const to = rollBackTo;
      if (to === undefined) return undefined;
      rollBackTo = undefined;
      const { head, results, toTurn } = await options.rollBack(to, turn);
      options.tell({ kind: 'rolled-back', turn, toTurn });
      return { head, results, turn };
    },
    async takeMessages(wanted) {
      // One that is being stored was sent before the work was done.
      if (wanted === 'all') await condition(allHandlersFinished);
      const taken = inbox.filter(({ isSoon }) => isSoon || wanted === 'all');
      inbox = inbox.filter((message) => !taken.includes(message));
      if (isCut) options.tell({ kind: 'interrupted', turn: options.turn() ?? 0 });
      isCut = false;
      return taken.map(({ item }) => item);
    },
  };
}

/** A cancel of the whole task is thrown on. */
async function orCancelled<Result>(work: Promise<Result>, isCut: () => boolean): Promise<Result | typeof INTERRUPTED> {
  try {
    return await work;
  } catch (error) {
    if (isCut() && isCancellation(error)) return INTERRUPTED;
    throw error;
  }
}
