/** What a model is told of a running or ended command, in the words it was trained with. */
import { randomBytes } from 'node:crypto';
import type { SessionReport } from './command-sessions.ts';
import type { ToolReturn } from './tool.ts';
import { countTokens, truncateOutput } from './truncate-output.ts';

/** As the models were trained with; a longer output crowds out the rest of the conversation. */
export const DEFAULT_OUTPUT_TOKENS = 10_000;
/** What is kept of an output, 1 MiB, has 262,144 tokens; no context has room for more than a part. */
export const MOST_OUTPUT_TOKENS = 100_000;

export interface ToldSession {
  readonly id: number;
  readonly report: SessionReport;
  readonly wallTimeMs: number;
  readonly maxOutputTokens: number | undefined;
  readonly lifeMs?: number;
}

export function describeSession({ id, report, wallTimeMs, maxOutputTokens, lifeMs }: ToldSession): ToolReturn {
  const { end, output } = report;
  const isGood = end === undefined || (end.kind === 'exited' && end.code === 0);
  const lines = [
    `Chunk ID: ${randomBytes(3).toString('hex')}`,
    `Wall time: ${(wallTimeMs / 1000).toFixed(4)} seconds`,
    describeEnd(end, { id, lifeMs }),
    `Original token count: ${countTokens(output)}`,
    'Output:',
    truncateOutput(output, maxOutputTokens ?? DEFAULT_OUTPUT_TOKENS),
  ];
  return { outcome: isGood ? 'ok' : 'failed', output: lines.join('\n') };
}

function describeEnd(
  end: SessionReport['end'],
  { id, lifeMs }: { readonly id: number; readonly lifeMs: number | undefined },
): string {
  switch (end?.kind) {
    case undefined:
      return `Process running with session ID ${id}`;
    case 'exited':
      return `Process exited with code ${end.code}`;
    case 'killed':
      return `Process was killed by ${end.signal}`;
    case 'timed-out': {
      const longer = lifeMs === undefined ? 'its timeout_ms' : `${lifeMs} ms; give a larger timeout_ms when it needs more`;
      return `Process was killed because it ran longer than ${longer}`;
    }
    case 'idle':
      return 'Process was killed because nobody had asked about it for half an hour';
  }
}
