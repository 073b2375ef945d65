import { existsSync, statSync } from 'node:fs';
import { z } from 'zod';
import type { CommandResult } from '../sandbox/sandbox.ts';
import { parametersOf, readArguments } from './read-arguments.ts';
import type { Tool, ToolContext, ToolReturn } from './tool.ts';
import { countTokens, truncateOutput } from './truncate-output.ts';
import { resolveInWorkspace } from './workspace-path.ts';

/** Long enough for the tests of most repositories, short enough that a command waiting for input costs little. */
const DEFAULT_TIMEOUT_MS = 120_000;
/** The activity that runs a tool ends after two hours; a command must end well before. */
const MAX_TIMEOUT_MS = 3_600_000;
/** As the models were trained with; a longer output crowds out the rest of the conversation. */
const DEFAULT_OUTPUT_TOKENS = 10_000;
/** What is kept of an output, 1 MiB, has 262,144 tokens; no context has room for more than a part. */
const MAX_OUTPUT_TOKENS = 100_000;

const ArgumentsSchema = z.strictObject({
  cmd: z.string().min(1).describe('Shell command line, run by bash where it is installed, else by sh.'),
  workdir: z.string().optional().describe("Folder to run it in, relative to the workspace's root. Default: the root."),
  timeout_ms: z
    .int()
    .min(1)
    .max(MAX_TIMEOUT_MS)
    .optional()
    .describe(`The command is killed after this time. Default ${DEFAULT_TIMEOUT_MS}.`),
  max_output_tokens: z
    .int()
    .min(1)
    .max(MAX_OUTPUT_TOKENS)
    .optional()
    .describe(`More output is cut in the middle. Default ${DEFAULT_OUTPUT_TOKENS}.`),
  // Models send what they know from other harnesses; a refusal would cost a turn and change nothing.
  yield_time_ms: z.number().optional().describe('Has no effect: the command is always waited for until its end or timeout_ms.'),
  login: z.boolean().optional().describe('Has no effect: the shell is no login shell.'),
  tty: z.literal(false).optional().describe('There is no terminal; only false is taken.'),
});

type ExecArguments = z.infer<typeof ArgumentsSchema>;

export const execCommand: Tool = {
  definition: {
    name: 'exec_command',
    description:
      'Runs a shell command in the workspace and returns its output and exit code. Without network; standard input is empty; ' +
      'every process it started ends with it. Files can be written in the workspace and in the temporary folder, but not in .git.',
    form: { kind: 'function', parameters: parametersOf(ArgumentsSchema) },
  },
  retryClass: 'workspace',
  risk: 'workspace',
  async run(input, context) {
    const parsed = readArguments('exec_command', ArgumentsSchema, input);
    if (parsed.kind === 'invalid') return { outcome: 'refused', output: parsed.problem };
    const place = await resolveWorkdir(context.workspace, parsed.value.workdir ?? '.');
    return place.kind === 'refused'
      ? { outcome: 'refused', output: place.reason }
      : execute(parsed.value, place.absolute, context);
  },
};

async function resolveWorkdir(workspace: string, workdir: string): ReturnType<typeof resolveInWorkspace> {
  // Models know the absolute path of the workspace from `pwd` and use it.
  const path =
    workdir === workspace ? '.' : workdir.startsWith(`${workspace}/`) ? workdir.slice(workspace.length + 1) || '.' : workdir;
  const place = await resolveInWorkspace(workspace, path);
  if (place.kind === 'refused') return { kind: 'refused', reason: `workdir: ${place.reason}.` };
  const isFolder = statSync(place.absolute, { throwIfNoEntry: false })?.isDirectory() ?? false;
  return isFolder ? place : { kind: 'refused', reason: `workdir: "${workdir}" is no folder in the workspace.` };
}

async function execute(
  parsed: ExecArguments,
  workingDirectory: string,
  { workspace, sandbox, signal }: ToolContext,
): Promise<ToolReturn> {
  const timeoutMs = parsed.timeout_ms ?? DEFAULT_TIMEOUT_MS;
  const argv = [existsSync('/bin/bash') ? '/bin/bash' : '/bin/sh', '-c', parsed.cmd];
  const result = await sandbox.run({ argv, workspace, workingDirectory, timeoutMs, signal });
  const isGood = result.end.kind === 'exited' && result.end.code === 0;
  const lines = [
    `Wall time: ${(result.wallTimeMs / 1000).toFixed(4)} seconds`,
    describeEnd(result.end, timeoutMs),
    `Original token count: ${countTokens(result.output)}`,
    'Output:',
    truncateOutput(result.output, parsed.max_output_tokens ?? DEFAULT_OUTPUT_TOKENS),
  ];
  return { outcome: isGood ? 'ok' : 'failed', output: lines.join('\n') };
}

function describeEnd(end: CommandResult['end'], timeoutMs: number): string {
  switch (end.kind) {
    case 'exited':
      return `Process exited with code ${end.code}`;
    case 'killed':
      return `Process was killed by ${end.signal}`;
    case 'timed-out':
      return `Process was killed because it ran longer than ${timeoutMs} ms; give a larger timeout_ms when it needs more`;
    case 'cancelled':
      return 'Process was killed because the task was cancelled';
  }
}
