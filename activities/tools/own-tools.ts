/** A user's own tools on this worker: what comes of a call, whatever their code does. */
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { ToolInput } from '../../workflows/domain/transcript.ts';
import type { AddedTool, AddedTools, CallContext } from './added-tools.ts';
import type { OwnCall, OwnTool } from './define-tool.ts';
import { isToolError } from './tool-error.ts';
import type { ToolReturn } from './tool.ts';
import { truncateOutput } from './truncate-output.ts';

export interface OwnToolsOptions {
  readonly tools: readonly OwnTool[];
  /** For the operator: what is not for the model. */
  readonly alert: (message: string) => void;
}

/** The same bound as a command's output. */
const MAX_OUTPUT_TOKENS = 10_000;
/** As many as a model looks at with profit; each costs about a thousand tokens. */
const MOST_IMAGES = 8;
/** In base64, of a picture of 5 MiB as `view_image` takes it. */
const LONGEST_IMAGE = 7 * 1024 * 1024;
/** Code that heeds its signal ends at once; what does not is left behind. */
const GRACE_MS = 2_000;

const AnswerSchema = z.union([
  z.string(),
  z.strictObject({
    output: z.string(),
    outcome: z.enum(['ok', 'failed']).exactOptional(),
    images: z
      .array(
        z.strictObject({
          mediaType: z.enum(['image/png', 'image/jpeg', 'image/webp', 'image/gif']),
          base64: z.base64().min(1).max(LONGEST_IMAGE),
        }),
      )
      .max(MOST_IMAGES)
      .exactOptional(),
  }),
]);

export function createOwnTools({ tools, alert }: OwnToolsOptions): AddedTools {
  const byName = new Map(tools.map((tool) => [tool.definition.name, tool]));
  const offered = tools.map(({ definition, risk, retryClass }) => ({ definition, risk, retryClass }));
  return {
    offer: async () => offered,
    find({ definition, server }) {
      const tool = server === undefined ? byName.get(definition.name) : undefined;
      return tool === undefined ? undefined : toAddedTool(tool, alert);
    },
  };
}

function toAddedTool(tool: OwnTool, alert: OwnToolsOptions['alert']): AddedTool {
  const { risk, retryClass } = tool;
  return { risk, retryClass, run: (input, context) => run({ tool, alert }, input, context) };
}

interface Running {
  readonly tool: OwnTool;
  readonly alert: OwnToolsOptions['alert'];
}

async function run(running: Running, input: ToolInput, context: CallContext): Promise<ToolReturn> {
  try {
    const parsed = await running.tool.read(input);
    if (parsed.kind === 'invalid') return { outcome: 'refused', output: parsed.problem };
    return await callInTime(running, parsed.value, context);
  } catch (error) {
    return context.signal.aborted ? tooLate(running) : broken(running, error);
  }
}

async function callInTime(running: Running, call: OwnCall, context: CallContext): Promise<ToolReturn> {
  const { timeoutMs } = running.tool;
  const ended = new AbortController();
  const signal = AbortSignal.any([context.signal, AbortSignal.timeout(timeoutMs)]);
  const givenUp = untilGivenUp(signal, ended.signal);
  try {
    const answered = Promise.resolve(call({ ...context, signal })).then((value) => ({ value }));
    // What it throws after it was given up is nobody's any more.
    answered.catch(() => undefined);
    const answer = await Promise.race([answered, givenUp]);
    return answer === undefined ? tooLate(running) : toReturn(running, answer.value);
  } catch (error) {
    if (signal.aborted && !context.signal.aborted) return tooLate(running);
    throw error;
  } finally {
    ended.abort();
  }
}

/** Resolves a while after the first signal, unless the second one comes before. */
async function untilGivenUp(signal: AbortSignal, ended: AbortSignal): Promise<undefined> {
  const either = AbortSignal.any([signal, ended]);
  if (!either.aborted) await new Promise((done) => either.addEventListener('abort', done, { once: true }));
  if (!ended.aborted) await pause(GRACE_MS, undefined, { signal: ended }).catch(() => undefined);
  return undefined;
}

function toReturn(running: Running, value: unknown): ToolReturn {
  const parsed = AnswerSchema.safeParse(value);
  if (!parsed.success) return badAnswer(running, parsed.error);
  const { output, outcome = 'ok', images = [] } = typeof parsed.data === 'string' ? { output: parsed.data } : parsed.data;
  const pictures = images.length === 0 ? {} : { images };
  return { outcome, output: truncateOutput(output.toWellFormed(), MAX_OUTPUT_TOKENS), ...pictures };
}

/** What it did, it did; its author is told what is wrong. */
function badAnswer({ tool, alert }: Running, error: z.ZodError): ToolReturn {
  const { name } = tool.definition;
  alert(`tool ${name} answered with something that is no answer of a tool: ${z.prettifyError(error)}`);
  return {
    outcome: 'failed',
    output: `${name} ran to its end, but what it answered cannot be shown: the tool is not written as it should be. Do without its answer.`,
  };
}

function broken({ tool, alert }: Running, error: unknown): ToolReturn {
  const { name } = tool.definition;
  if (isToolError(error)) return { outcome: 'failed', output: truncateOutput(error.message.toWellFormed(), MAX_OUTPUT_TOKENS) };
  alert(`tool ${name} broke: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return { outcome: 'failed', output: `${name} broke; its operator is told why. ${afterwards(tool)}` };
}

function tooLate({ tool }: Running): ToolReturn {
  const { name } = tool.definition;
  const output = `${name} did not end within ${tool.timeoutMs / 1_000} s and was given up. ${afterwards(tool)}`;
  return { outcome: tool.retryClass === 'external' ? 'unknown' : 'failed', output };
}

function afterwards({ retryClass }: OwnTool): string {
  switch (retryClass) {
    case 'read-only':
      return 'You may try again.';
    case 'workspace':
      return 'It may have changed files of the workspace: look at them before you go on.';
    case 'external':
      return 'It may have done a part of its work: find out what, before you repeat it.';
  }
}
