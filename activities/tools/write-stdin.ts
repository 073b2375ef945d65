import { z } from 'zod';
import { setTimeout as pause } from 'node:timers/promises';
import type { CommandSessions } from './command-sessions.ts';
import { DEFAULT_OUTPUT_TOKENS, describeSession, MOST_OUTPUT_TOKENS } from './describe-session.ts';
import { clamp } from './exec-command.ts';
import { parametersOf, readArguments } from './read-arguments.ts';
import type { Tool } from './tool.ts';

/** As the models were trained with: after typing an answer comes soon, a mere question may wait for long. */
const AFTER_TYPING_MS = { usual: 250, least: 250, most: 30_000 };
const POLLING_MS = { usual: 5_000, least: 5_000, most: 300_000 };
/** A program that was just started may flush what is typed before it reads. */
const BEFORE_WAITING_MS = 20;

const ArgumentsSchema = z.strictObject({
  session_id: z.int().describe('Of the session, as exec_command told it.'),
  chars: z.string().optional().describe('What to type, such as "y\\n", or "\\u0003" for Ctrl-C. Empty: only ask for output.'),
  yield_time_ms: z.number().optional().describe('How long to wait for output.'),
  max_output_tokens: z
    .int()
    .min(1)
    .max(MOST_OUTPUT_TOKENS)
    .optional()
    .describe(`More output is cut in the middle. Default ${DEFAULT_OUTPUT_TOKENS}.`),
});

export function createWriteStdin(sessions: CommandSessions): Tool {
  return {
    definition: {
      name: 'write_stdin',
      description: 'Types into a session of exec_command, or only asks for its newest output, and returns what it printed since.',
      form: { kind: 'function', parameters: parametersOf(ArgumentsSchema) },
    },
    retryClass: 'workspace',
    risk: 'workspace',
    async run(input, { taskId, signal }) {
      const parsed = readArguments('write_stdin', ArgumentsSchema, input);
      if (parsed.kind === 'invalid') return { outcome: 'refused', output: parsed.problem };
      const { session_id: id, chars = '', yield_time_ms: asked, max_output_tokens: maxOutputTokens } = parsed.value;
      const session = sessions.find(taskId, id);
      if (session === undefined) {
        const output = `There is no session ${id}: it has ended, or was lost with the worker or host that ran it. Start the command again if you need it.`;
        return { outcome: 'refused', output };
      }
      if (chars !== '' && !session.hasTerminal) {
        return {
          outcome: 'refused',
          output: `Session ${id} has no terminal to type into: start the command again with "tty": true.`,
        };
      }
      const startedAt = performance.now();
      if (chars !== '') {
        session.write(chars);
        await pause(BEFORE_WAITING_MS);
      }
      const bounds = chars === '' ? POLLING_MS : AFTER_TYPING_MS;
      const report = await session.report(clamp(asked ?? bounds.usual, bounds), signal);
      if (signal.aborted) await session.end();
      return describeSession({ id, report, wallTimeMs: performance.now() - startedAt, maxOutputTokens });
    },
  };
}
