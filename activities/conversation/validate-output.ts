/**
 * Checks a task's answer against its schema. In a thread with a limit of time and memory: a caller's regular expression can take
 * years on an answer, and the worker has other tasks.
 */
import { Worker } from 'node:worker_threads';
import type { OutputSchema } from '../../workflows/domain/output-schema.ts';

export type OutputVerdict =
  | { readonly kind: 'valid' }
  | { readonly kind: 'no-json' | 'invalid'; readonly problems: readonly string[] }
  /** The check itself cannot be made; why, in our own words. */
  | { readonly kind: 'unusable-schema'; readonly problem: string };

export interface ValidateOutputOptions {
  readonly timeoutMs?: number;
}

const THREAD = new URL('validate-output-thread.ts', import.meta.url);
/** A check takes milliseconds; more is a pattern that never comes to its end, also on a machine that is busy. */
const TIMEOUT_MS = 20_000;
/** An answer of 128 KiB and a schema of 64 KiB take a few megabytes. */
const MEMORY = { maxOldGenerationSizeMb: 256 };

/** Gives all that is wrong with the answer, in words for the model. */
export function validateOutput(
  schema: OutputSchema,
  text: string,
  { timeoutMs = TIMEOUT_MS }: ValidateOutputOptions = {},
): Promise<OutputVerdict> {
  return new Promise((resolve) => {
    const thread = new Worker(THREAD, { workerData: { schema, text }, resourceLimits: MEMORY });
    let timer: NodeJS.Timeout | undefined;
    const end = (verdict: OutputVerdict): void => {
      clearTimeout(timer);
      resolve(verdict);
      void thread.terminate();
    };
    // Its start is not counted: that depends on the machine alone.
    thread.once('online', () => {
      timer = setTimeout(
        () => end({ kind: 'unusable-schema', problem: `the check took longer than ${timeoutMs} ms: simplify its patterns` }),
        timeoutMs,
      );
    });
    thread.once('message', (verdict: OutputVerdict) => end(verdict));
    thread.once('error', () => end({ kind: 'unusable-schema', problem: 'the check broke off, or took too much memory' }));
  });
}
