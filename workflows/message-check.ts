/** Whether a message can be taken. */
import type { MessageMode } from './domain/task-status.ts';
import { MESSAGE_MODES } from './domain/task-status.ts';
import type { SendMessageInput } from './messages.ts';

/** The task, as far as a message depends on it. */
export interface Listener {
  hasEnded(): boolean;
  /** Whether the task does nothing: it has come to its end before, and only a message lets it go on. */
  isIdle(): boolean;
  /** The last turn that was begun; `undefined`: not known yet. */
  turn(): number | undefined;
}

const REQUEST_ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/;
/** As long as a prompt may be. */
const LONGEST_TEXT = 1_000_000;
const MOST_UNREAD = 100;

/** What comes over the wire has any form: `temporal workflow update` takes whatever is typed. */
export function reasonAgainstMessage(message: unknown, task: Listener, unread: number): string | undefined {
  if (task.hasEnded()) return 'the task has come to its end: send the message again, and it goes on';
  if (typeof message !== 'object' || message === null) return 'a message is an object with requestId, text and mode';
  const { requestId, text, mode, toTurn } = message as Partial<Record<keyof SendMessageInput, unknown>>; // each looked at below
  if (typeof requestId !== 'string' || !REQUEST_ID.test(requestId)) {
    return 'requestId is 1 to 64 letters, digits, ".", "_", ":" or "-", beginning with a letter or digit';
  }
  const known = MESSAGE_MODES.find((name) => name === mode);
  if (known === undefined) return `mode is one of ${MESSAGE_MODES.join(', ')}`;
  if (unread >= MOST_UNREAD) return `${MOST_UNREAD} messages wait to be read: send this one later`;
  if (known === 'reject' && !task.isIdle()) return 'the task is at work: wait for its end, or send the message with another mode';
  return reasonAgainstText(text, known) ?? reasonAgainstTurn(toTurn, known, task.turn());
}

function reasonAgainstText(text: unknown, mode: MessageMode): string | undefined {
  if (text === undefined && mode === 'rollback') return undefined;
  if (typeof text !== 'string' || text.trim() === '') return 'text says what the task is to do';
  return text.length <= LONGEST_TEXT ? undefined : `text is longer than ${LONGEST_TEXT} characters`;
}

function reasonAgainstTurn(toTurn: unknown, mode: MessageMode, turn: number | undefined): string | undefined {
  if (mode !== 'rollback') return toTurn === undefined ? undefined : 'toTurn is for mode "rollback" alone';
  if (typeof toTurn === 'number' && Number.isInteger(toTurn) && toTurn >= 0 && toTurn <= (turn ?? Infinity)) return undefined;
  return `toTurn is the last turn to keep: a whole number from 0${turn === undefined ? '' : ` to ${turn}`}`;
}
