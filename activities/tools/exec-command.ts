import { z } from 'zod';
import type { CallClass } from '../../workflows/domain/tool-call.ts';
import type { ToolInput } from '../../workflows/domain/transcript.ts';
import { createSandbox } from '../sandbox/create-sandbox.ts';
import { classifyCommand, mayRun } from './command-class.ts';
import type { CommandSessions } from './command-sessions.ts';
import { DEFAULT_OUTPUT_TOKENS, reportCommand } from './command-report.ts';
import { readPatchCommand, runPatchCommand } from './patch-command.ts';
import { parametersOf, readArguments } from './read-arguments.ts';
import { resolveWorkdir } from './resolve-workdir.ts';
import { shellArgv } from './shell-argv.ts';
import type { Tool, ToolContext, ToolReturn } from './tool.ts';
import { clampYield, EXEC_YIELD } from './yield-time.ts';

/** A server may run as long as its task works; what takes more than a day has gone astray. */
const MAX_TIMEOUT_MS = 86_400_000;
/** What programs take for granted when they are asked nothing; wider lines would be cut by none of them. */
const TERMINAL = { columns: 80, rows: 24 };

const ArgumentsSchema = z.strictObject({
  cmd: z.string().min(1).describe('Shell command line.'),
  workdir: z.string().optional().describe("Folder to run it in, relative to the workspace's root. Default: the root."),
  shell: z.string().optional().describe('Shell that runs it. Default: bash where it is installed, else sh.'),
  login: z.boolean().optional().describe('Run it by a login shell. Default false.'),
  tty: z
    .boolean()
    .optional()
    .describe('Give it a terminal, so that write_stdin can type in it. Default false: its standard input is empty.'),
  yield_time_ms: z
    .number()
    .optional()
    .describe(
      `How long to wait for its end before it goes on as a session. Default ${EXEC_YIELD.default}, ${EXEC_YIELD.min} to ${EXEC_YIELD.max}.`,
    ),
  max_output_tokens: z.int().min(1).optional().describe(`More output is cut in the middle. Default ${DEFAULT_OUTPUT_TOKENS}.`),
  timeout_ms: z
    .int()
    .min(1)
    .max(MAX_TIMEOUT_MS)
    .optional()
    .describe('It is killed after this time, also when it is a session by then. Default: no limit.'),
  sandbox_permissions: z
    .enum(['use_default', 'require_escalated'])
    .optional()
    .describe('"require_escalated" asks a person to let it run outside of the sandbox. Default "use_default".'),
  justification: z.string().optional().describe('With "require_escalated": the question to that person, in one sentence.'),
  prefix_rule: z
    .array(z.string())
    .optional()
    .describe('With "require_escalated": words; commands that begin with them may be allowed for the rest of the task.'),
});

type ExecArguments = z.infer<typeof ArgumentsSchema>;

export function createExecCommand(sessions: CommandSessions): Tool {
  return {
    definition: {
      name: 'exec_command',
      description:
        'Runs a command in the workspace. Returns its output and exit code, or a session ID when it still runs after yield_time_ms: ' +
        'write_stdin then waits for it or types in it. It runs in a sandbox; files can be written in the workspace and in the ' +
        'temporary folder, but not in .git. It has no network but the allowed_domains of the environment context, where there are any. A session ends with the task.',
      form: { kind: 'function', parameters: parametersOf(ArgumentsSchema) },
    },
    retryClass: 'workspace',
    risk: 'workspace',
    classify,
    async run(input, context) {
      const parsed = readArguments('exec_command', ArgumentsSchema, input);
      if (parsed.kind === 'invalid') return { outcome: 'refused', output: parsed.problem };
      const { cmd, workdir = '.' } = parsed.value;
      const patch = readPatchCommand(cmd);
      return patch === undefined ? execute(sessions, parsed.value, context) : runPatchCommand(patch, { workdir, context });
    },
  };
}

function classify(input: ToolInput): CallClass {
  const parsed = readArguments('exec_command', ArgumentsSchema, input);
  // Neither runs a command: the one is refused, the other is applied as a patch.
  if (parsed.kind === 'invalid' || readPatchCommand(parsed.value.cmd) !== undefined)
    return { retryClass: 'workspace', risk: 'workspace' };
  const { cmd, justification, prefix_rule } = parsed.value;
  return classifyCommand({ command: cmd, isEscalated: isEscalated(parsed.value), justification, prefixRule: prefix_rule });
}

function isEscalated({ sandbox_permissions }: ExecArguments): boolean {
  return sandbox_permissions === 'require_escalated';
}

async function execute(sessions: CommandSessions, parsed: ExecArguments, context: ToolContext): Promise<ToolReturn> {
  const { taskId, workspace, outputFolder, signal } = context;
  const refusal = mayRun(isEscalated(parsed), context);
  if (refusal !== undefined) return { outcome: 'refused', output: refusal };
  const place = await resolveWorkdir(workspace, parsed.workdir ?? '.');
  if (place.kind === 'refused') return { outcome: 'refused', output: place.reason };
  const shell = shellArgv(parsed.cmd, parsed);
  if (shell.kind === 'refused') return { outcome: 'refused', output: shell.reason };
  const started = await sessions.start({
    taskId,
    sandbox: isEscalated(parsed) ? createSandbox('none') : context.sandbox,
    isEscalated: isEscalated(parsed),
    argv: shell.argv,
    workspace,
    workingDirectory: place.absolute,
    ...(outputFolder === undefined ? {} : { outputFolder }),
    ...(parsed.tty === true ? { terminal: TERMINAL } : {}),
    ...(parsed.timeout_ms === undefined ? {} : { timeoutMs: parsed.timeout_ms }),
  });
  if (started.kind === 'refused') return { outcome: 'refused', output: started.reason };
  const { session, displaced } = started;
  const chunk = await session.take({ waitMs: clampYield(parsed.yield_time_ms, EXEC_YIELD), signal });
  if (chunk.end !== undefined) sessions.forget(taskId, session);
  const note = displaced === undefined ? {} : { note: `Warning: session ${displaced} was ended to make room for this command` };
  return reportCommand({ session, chunk, maxOutputTokens: parsed.max_output_tokens, ...note });
}
