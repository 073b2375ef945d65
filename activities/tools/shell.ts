/** The command tool of older models: an argument list, waited for until its end, with the answer that they know. */
import { z } from 'zod';
import type { CallClass } from '../../workflows/domain/tool-call.ts';
import type { ToolInput } from '../../workflows/domain/transcript.ts';
import { createSandbox } from '../sandbox/create-sandbox.ts';
import type { CommandResult } from '../sandbox/sandbox.ts';
import { classifyCommand, mayRun } from './command-class.ts';
import { DEFAULT_OUTPUT_TOKENS, describeKept } from './command-report.ts';
import type { PatchCommand } from './patch-command.ts';
import { readPatchArguments, readPatchCommand, runPatchCommand } from './patch-command.ts';
import { parametersOf, readArguments } from './read-arguments.ts';
import { resolveWorkdir } from './resolve-workdir.ts';
import { commandLineOf, quoteArguments } from './shell-argv.ts';
import type { Tool, ToolContext, ToolReturn } from './tool.ts';
import { countLines, cutMiddle } from './truncate-output.ts';

/** Long enough for the tests of most repositories, short enough that a command waiting for input costs little. */
const DEFAULT_TIMEOUT_MS = 120_000;
/** The activity that runs a tool ends after two hours; a command must end well before. */
const MAX_TIMEOUT_MS = 3_600_000;
/** As `timeout` exits. */
const TIMED_OUT_CODE = 124;
/** As a shell reports a command that was killed. */
const KILLED_CODE = 137;

const ArgumentsSchema = z.strictObject({
  command: z.array(z.string()).min(1).describe('Program and arguments, for instance ["bash", "-lc", "npm test"].'),
  workdir: z.string().optional().describe("Folder to run it in, relative to the workspace's root. Default: the root."),
  timeout_ms: z
    .int()
    .min(1)
    .max(MAX_TIMEOUT_MS)
    .optional()
    .describe(`It is killed after this time. Default ${DEFAULT_TIMEOUT_MS}.`),
  with_escalated_permissions: z.boolean().optional().describe('Ask a person to let it run outside of the sandbox.'),
  justification: z.string().optional().describe('With with_escalated_permissions: why, in one sentence.'),
});

type ShellArguments = z.infer<typeof ArgumentsSchema>;

export const shell: Tool = {
  definition: {
    name: 'shell',
    description:
      'Runs a command in the workspace and returns its output and exit code. It runs in a sandbox with an empty standard input; files ' +
      'can be written in the workspace and in the temporary folder, but not in .git. It has no network but the allowed_domains of the ' +
      'environment context, where there are any. Every process it started ends with it.',
    form: { kind: 'function', parameters: parametersOf(ArgumentsSchema) },
  },
  retryClass: 'workspace',
  risk: 'workspace',
  classify,
  async run(input, context) {
    const parsed = readArguments('shell', ArgumentsSchema, input);
    if (parsed.kind === 'invalid') return { outcome: 'refused', output: parsed.problem };
    const patch = patchOf(parsed.value);
    return patch === undefined
      ? execute(parsed.value, context)
      : runPatchCommand(patch, { workdir: parsed.value.workdir ?? '.', context });
  },
};

function classify(input: ToolInput): CallClass {
  const parsed = readArguments('shell', ArgumentsSchema, input);
  // Neither runs a command: the one is refused, the other is applied as a patch.
  if (parsed.kind === 'invalid' || patchOf(parsed.value) !== undefined) return { retryClass: 'workspace', risk: 'workspace' };
  const { command, with_escalated_permissions = false, justification } = parsed.value;
  const commandLine = commandLineOf(command) ?? quoteArguments(command);
  return classifyCommand({ command: commandLine, isEscalated: with_escalated_permissions, justification });
}

function patchOf({ command }: ShellArguments): PatchCommand | undefined {
  const commandLine = commandLineOf(command);
  return commandLine === undefined ? readPatchArguments(command) : readPatchCommand(commandLine);
}

async function execute(parsed: ShellArguments, context: ToolContext): Promise<ToolReturn> {
  const { workspace, outputFolder, signal } = context;
  const isEscalated = parsed.with_escalated_permissions === true;
  const refusal = mayRun(isEscalated, context);
  if (refusal !== undefined) return { outcome: 'refused', output: refusal };
  const folder = await resolveWorkdir(workspace, parsed.workdir ?? '.');
  if (folder.kind === 'refused') return { outcome: 'refused', output: folder.reason };
  const timeoutMs = parsed.timeout_ms ?? DEFAULT_TIMEOUT_MS;
  const sandbox = isEscalated ? createSandbox('none') : context.sandbox;
  const place = { workspace, workingDirectory: folder.absolute, ...(outputFolder === undefined ? {} : { outputFolder }) };
  return report(await sandbox.run({ argv: parsed.command, ...place, timeoutMs, signal }), timeoutMs);
}

function report({ end, output, kept, wallTimeMs }: CommandResult, timeoutMs: number): ToolReturn {
  const said = end.kind === 'timed-out' ? `command timed out after ${timeoutMs} milliseconds\n${output}` : output;
  const shown = cutMiddle(said, DEFAULT_OUTPUT_TOKENS);
  const lines = [
    `Exit code: ${exitCode(end)}`,
    `Wall time: ${Math.round(wallTimeMs / 100) / 10} seconds`,
    ...(shown === said ? [] : [`Total output lines: ${countLines(said)}`]),
    ...(kept === undefined ? [] : [describeKept(kept)]),
    'Output:',
    shown,
  ];
  return { outcome: end.kind === 'exited' && end.code === 0 ? 'ok' : 'failed', output: lines.join('\n') };
}

function exitCode(end: CommandResult['end']): number {
  switch (end.kind) {
    case 'exited':
      return end.code;
    case 'timed-out':
      return TIMED_OUT_CODE;
    case 'killed':
    case 'cancelled':
      return KILLED_CODE;
  }
}
