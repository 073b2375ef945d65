import { z } from 'zod';
import type { CallClass } from '../../workflows/domain/tool-call.ts';
import type { ToolInput } from '../../workflows/domain/transcript.ts';
import { mayRun } from './command-class.ts';
import { DEFAULT_OUTPUT_TOKENS, reportCommand } from './command-report.ts';
import type { CommandSession } from './command-session.ts';
import type { CommandSessions } from './command-sessions.ts';
import { isEscalatedId } from './command-sessions.ts';
import { parametersOf, readArguments } from './read-arguments.ts';
import type { Tool } from './tool.ts';
import { clampYield, POLL_YIELD, WRITE_YIELD } from './yield-time.ts';

const INTERRUPT = '\u0003';

const ArgumentsSchema = z.strictObject({
  session_id: z.int().describe('The session, as exec_command told it.'),
  chars: z
    .string()
    .optional()
    .describe(
      'What to type, for instance "y\\n"; "\\u0003" is ctrl-C and ends a session without a terminal. Default: nothing, only wait.',
    ),
  yield_time_ms: z
    .number()
    .optional()
    .describe(
      `How long to wait for output. Default ${WRITE_YIELD.default}, ${WRITE_YIELD.min} to ${WRITE_YIELD.max}; ` +
        `when nothing is typed ${POLL_YIELD.min} to ${POLL_YIELD.max}.`,
    ),
  max_output_tokens: z.int().min(1).optional().describe(`More output is cut in the middle. Default ${DEFAULT_OUTPUT_TOKENS}.`),
});

export function createWriteStdin(sessions: CommandSessions): Tool {
  return {
    definition: {
      name: 'write_stdin',
      description:
        'Types in a session that exec_command started with a terminal, or only waits for a session, and returns what it has printed since ' +
        'the last call.',
      form: { kind: 'function', parameters: parametersOf(ArgumentsSchema) },
    },
    retryClass: 'workspace',
    risk: 'workspace',
    classify,
    async run(input, context) {
      const parsed = readArguments('write_stdin', ArgumentsSchema, input);
      if (parsed.kind === 'invalid') return { outcome: 'refused', output: parsed.problem };
      const { session_id, chars = '', yield_time_ms, max_output_tokens } = parsed.value;
      const found = sessions.find(context.taskId, session_id);
      if (found.kind === 'gone') return { outcome: 'failed', output: found.reason };
      const { session } = found;
      const refusal = isHarmless(chars) ? undefined : mayRun(session.traits.isEscalated, context);
      const problem = refusal ?? (await type(session, chars));
      if (problem !== undefined) return { outcome: 'refused', output: problem };
      const waitMs = clampYield(yield_time_ms, chars === '' ? POLL_YIELD : WRITE_YIELD);
      const chunk = await session.take({ waitMs, signal: context.signal });
      if (chunk.end !== undefined) sessions.forget(context.taskId, session);
      return reportCommand({ session, chunk, maxOutputTokens: max_output_tokens });
    },
  };
}

/** Neither waiting nor a ctrl-C makes a process do something new. */
function isHarmless(chars: string): boolean {
  return chars === '' || chars === INTERRUPT;
}

/** What is typed is a command as well. While it is waited for, what runs may change the workspace. */
function classify(input: ToolInput): CallClass {
  const parsed = readArguments('write_stdin', ArgumentsSchema, input);
  if (parsed.kind === 'invalid') return { retryClass: 'workspace', risk: 'workspace' };
  const { session_id, chars = '' } = parsed.value;
  if (isHarmless(chars)) return { retryClass: 'workspace', risk: 'none' };
  if (!isEscalatedId(session_id)) return { retryClass: 'workspace', risk: 'workspace', command: chars };
  // No command: what is typed may only complete a line, so that no rule about how commands begin should let it pass.
  const justification = `Types ${JSON.stringify(chars)} in session ${session_id}, which runs outside of the sandbox.`;
  return { retryClass: 'external', risk: 'external', escalation: { justification } };
}

/** @returns why nothing can be typed */
async function type(session: CommandSession, chars: string): Promise<string | undefined> {
  // What it printed last, and how it ended, is told all the same.
  if (chars === '' || session.hasEnded) return undefined;
  if (session.traits.hasTerminal) {
    session.write(chars);
    return undefined;
  }
  if (chars === INTERRUPT) {
    await session.stop('interrupted');
    return undefined;
  }
  return (
    `Session ${session.id} has no terminal, so nothing can be typed in it. Wait for it with empty chars, end it with "\\u0003", ` +
    'or run the command again by exec_command with "tty": true.'
  );
}
