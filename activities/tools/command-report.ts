/** What a model reads of a command: the very lines that it knows from its training. */
import { randomBytes } from 'node:crypto';
import type { KeptOutput } from '../sandbox/output-spool.ts';
import type { CommandSession, SessionChunk, SessionEnd } from './command-session.ts';
import type { ToolReturn } from './tool.ts';
import { countTokens, tokensOf, truncateOutput } from './truncate-output.ts';

/** As the models were trained with; a longer output crowds out the rest of the conversation. */
export const DEFAULT_OUTPUT_TOKENS = 10_000;
/** What is kept of an output, 1 MiB, has 262,144 tokens; no context has room for more than a part. */
const MAX_OUTPUT_TOKENS = 100_000;
/** Six hexadecimal digits. */
const CHUNK_ID_BYTES = 3;
/** As a shell reports a command that was ended by a ctrl-C. */
const INTERRUPTED_CODE = 130;

export interface CommandReport {
  readonly session: CommandSession;
  readonly chunk: SessionChunk;
  readonly maxOutputTokens?: number | undefined;
  /** Put before everything else. */
  readonly note?: string;
}

/** What came of a call of `exec_command` or `write_stdin`. */
export function reportCommand({ session, chunk, maxOutputTokens = DEFAULT_OUTPUT_TOKENS, note }: CommandReport): ToolReturn {
  const { output, kept, wallTimeMs, end } = chunk;
  const isGood = end === undefined || (end.kind === 'exited' && end.code === 0);
  const lines = [
    ...(note === undefined ? [] : [note]),
    `Chunk ID: ${randomBytes(CHUNK_ID_BYTES).toString('hex')}`,
    `Wall time: ${(wallTimeMs / 1000).toFixed(4)} seconds`,
    end === undefined ? `Process running with session ID ${session.id}` : describeEnd(end, session.traits),
    `Original token count: ${kept === undefined ? countTokens(output) : tokensOf(kept.bytes)}`,
    ...(kept === undefined ? [] : [describeKept(kept)]),
    'Output:',
    truncateOutput(output, Math.min(maxOutputTokens, MAX_OUTPUT_TOKENS)),
  ];
  return { outcome: isGood ? 'ok' : 'failed', output: lines.join('\n') };
}

/** A line for the model, which may look into the file with any command. */
export function describeKept({ path, bytes, isWhole }: KeptOutput): string {
  const size = `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
  return isWhole
    ? `Full output: ${path} (${size})`
    : `Full output: ${path} (its beginning; the disk had no room for all ${size})`;
}

function describeEnd(end: SessionEnd, { timeoutMs, idleMs }: CommandSession['traits']): string {
  switch (end.kind) {
    case 'exited':
      return `Process exited with code ${end.code}`;
    case 'interrupted':
      return `Process exited with code ${INTERRUPTED_CODE}`;
    case 'killed':
      return `Process was killed by ${end.signal}`;
    case 'timed-out':
      return `Process was killed because it ran longer than ${timeoutMs} ms; give a larger timeout_ms when it needs more`;
    case 'idle':
      return `Process was killed because no call asked for it within ${Math.round(idleMs / 60_000)} minutes`;
    case 'cancelled':
      return 'Process was killed because the call was cancelled';
  }
}
