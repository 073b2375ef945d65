/** How much of one answer is read and kept, in however many pieces it comes. */

/** Answers are megabytes at most, files and all: whoever sends more would fill the worker's memory, and with it every other task's. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

export class AnswerTooLargeError extends Error {
  readonly code = 'answer too large';

  constructor() {
    super(`an answer is larger than ${MAX_ANSWER_BYTES} bytes`);
    this.name = 'AnswerTooLargeError';
  }
}

/** What is left of it. */
export interface AnswerAllowance {
  bytes: number;
}

export function createAllowance(): AnswerAllowance {
  return { bytes: MAX_ANSWER_BYTES };
}

/** @throws AnswerTooLargeError */
export function spend(allowance: AnswerAllowance, bytes: number): void {
  allowance.bytes -= bytes;
  if (allowance.bytes < 0) throw new AnswerTooLargeError();
}
