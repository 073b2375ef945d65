import { statSync } from 'node:fs';
import { z } from 'zod';
import type { CallClass } from '../../workflows/domain/tool-call.ts';
import type { ToolInput } from '../../workflows/domain/transcript.ts';
import type { ConfinedCommand, Sandbox } from '../sandbox/sandbox.ts';
import type { CommandSessions } from './command-sessions.ts';
import { DEFAULT_OUTPUT_TOKENS, describeSession, MOST_OUTPUT_TOKENS } from './describe-session.ts';
import { runHeredocPatch } from './heredoc-patch.ts';
import { parametersOf, readArguments } from './read-arguments.ts';
import { findShell } from './find-shell.ts';
import type { Tool, ToolContext, ToolReturn } from './tool.ts';
import { resolveInWorkspace } from './workspace-path.ts';

/** A test suite of most repositories ends well before; a forgotten server must not run for ever. */
const DEFAULT_LIFE_MS = 3_600_000;
/** A session outlives the call that began it; a day is more than any build takes. */
const LONGEST_LIFE_MS = 24 * 3_600_000;
/** As the models were trained with. */
const DEFAULT_YIELD_MS = 10_000;
const YIELD_MS = { least: 250, most: 30_000 };
/** Wide enough that lines are not broken, as of a usual terminal. */
const TERMINAL = { columns: 120, rows: 40 };

const ArgumentsSchema = z.strictObject({
  cmd: z.string().min(1).describe('Shell command line.'),
  workdir: z.string().optional().describe("Folder to run it in, relative to the workspace's root. Default: the root."),
  shell: z.string().optional().describe('Shell to run it by, such as bash or sh. Default: bash where it is installed.'),
  login: z.boolean().optional().describe('Whether the shell is a login shell. Default: false.'),
  tty: z.boolean().optional().describe('Whether the command has a terminal that write_stdin can type into. Default: false.'),
  yield_time_ms: z
    .number()
    .optional()
    .describe(`How long to wait for output before it goes on as a session. Default ${DEFAULT_YIELD_MS}.`),
  max_output_tokens: z
    .int()
    .min(1)
    .max(MOST_OUTPUT_TOKENS)
    .optional()
    .describe(`More output is cut in the middle. Default ${DEFAULT_OUTPUT_TOKENS}.`),
  timeout_ms: z
    .int()
    .min(1)
    .max(LONGEST_LIFE_MS)
    .optional()
    .describe(`The command is killed after this time, session or not. Default ${DEFAULT_LIFE_MS}.`),
  sandbox_permissions: z
    .enum(['use_default', 'require_escalated'])
    .optional()
    .describe('require_escalated: run it without the sandbox, when a person approves. Default: use_default.'),
  justification: z.string().optional().describe('With require_escalated: why, as a question to the person.'),
  prefix_rule: z
    .array(z.string())
    .optional()
    .describe('With require_escalated: first words of commands that might be approved for the rest of the task.'),
});

export type ExecArguments = z.infer<typeof ArgumentsSchema>;

export interface CommandTools {
  readonly sessions: CommandSessions;
  /** Where escalated commands run. */
  readonly unconfined: Sandbox;
}

const CONFINED = { retryClass: 'workspace', risk: 'workspace' } as const;

export function createExecCommand(tools: CommandTools): Tool {
  return {
    definition: {
      name: 'exec_command',
      description:
        'Runs a shell command in the workspace and returns its output and exit code. One that is still running after yield_time_ms goes on ' +
        'as a session: ask for more of its output, or type into it, with write_stdin. Files can be written in the workspace and in the ' +
        'temporary folder, but not in .git.',
      form: { kind: 'function', parameters: parametersOf(ArgumentsSchema) },
    },
    ...CONFINED,
    classify: classifyExec,
    async run(input, context) {
      const parsed = readArguments('exec_command', ArgumentsSchema, input);
      if (parsed.kind === 'invalid') return { outcome: 'refused', output: parsed.problem };
      const place = await resolveWorkdir(context.workspace, parsed.value.workdir ?? '.');
      if (place.kind === 'refused') return { outcome: 'refused', output: place.reason };
      return (
        (await runHeredocPatch(parsed.value.cmd, place.path, context)) ?? execute(tools, { ...parsed.value, place }, context)
      );
    },
  };
}

/** Malformed arguments are told when the call runs; they can do nothing. */
function classifyExec(input: ToolInput): CallClass {
  const parsed = readArguments('exec_command', ArgumentsSchema, input);
  if (parsed.kind === 'invalid') return CONFINED;
  const { cmd: command, sandbox_permissions: permissions, justification = '', prefix_rule: prefixRule } = parsed.value;
  if (permissions !== 'require_escalated') return { ...CONFINED, command };
  const rule = prefixRule === undefined ? {} : { prefixRule };
  return { retryClass: 'external', risk: 'external', command, escalation: { justification }, ...rule };
}

type ResolvedWorkdir = Extract<Awaited<ReturnType<typeof resolveInWorkspace>>, { kind: 'inside' }>;

export async function resolveWorkdir(workspace: string, workdir: string): ReturnType<typeof resolveInWorkspace> {
  // Models know the absolute path of the workspace from `pwd` and use it.
  const path =
    workdir === workspace ? '.' : workdir.startsWith(`${workspace}/`) ? workdir.slice(workspace.length + 1) || '.' : workdir;
  const place = await resolveInWorkspace(workspace, path);
  if (place.kind === 'refused') return { kind: 'refused', reason: `workdir: ${place.reason}.` };
  const isFolder = statSync(place.absolute, { throwIfNoEntry: false })?.isDirectory() ?? false;
  return isFolder ? place : { kind: 'refused', reason: `workdir: "${workdir}" is no folder in the workspace.` };
}

async function execute(
  { sessions, unconfined }: CommandTools,
  parsed: ExecArguments & { readonly place: ResolvedWorkdir },
  { taskId, workspace, sandbox, signal, escalate }: ToolContext,
): Promise<ToolReturn> {
  const isEscalated = parsed.sandbox_permissions === 'require_escalated';
  if (isEscalated && escalate !== true) {
    return { outcome: 'refused', output: 'Commands of this task run in the sandbox alone: the operator allows no other.' };
  }
  const shell = findShell(parsed.shell);
  if (shell.kind === 'missing') return { outcome: 'refused', output: shell.reason };
  const command: ConfinedCommand = {
    argv: [shell.path, parsed.login === true ? '-lc' : '-c', parsed.cmd],
    workspace,
    workingDirectory: parsed.place.absolute,
    ...(parsed.tty === true ? { terminal: TERMINAL } : {}),
  };
  const lifeMs = parsed.timeout_ms ?? DEFAULT_LIFE_MS;
  const startedAt = performance.now();
  const session = await sessions.start({ taskId, sandbox: isEscalated ? unconfined : sandbox, command, lifeMs });
  const report = await session.report(clamp(parsed.yield_time_ms ?? DEFAULT_YIELD_MS, YIELD_MS), signal);
  // Nobody will read it: the task was cancelled, interrupted, or its worker stops.
  if (signal.aborted) await session.end();
  const wallTimeMs = performance.now() - startedAt;
  return describeSession({ id: session.id, report, wallTimeMs, maxOutputTokens: parsed.max_output_tokens, lifeMs });
}

export function clamp(value: number, { least, most }: { readonly least: number; readonly most: number }): number {
  return Math.min(Math.max(value, least), most);
}
