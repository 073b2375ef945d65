import { z } from 'zod';
import type { CallClass } from '../../workflows/domain/tool-call.ts';
import type { ToolInput } from '../../workflows/domain/transcript.ts';
import type { CommandResult } from '../sandbox/sandbox.ts';
import { runCommand } from '../sandbox/run-command.ts';
import { DEFAULT_OUTPUT_TOKENS } from './describe-session.ts';
import type { CommandTools } from './exec-command.ts';
import { resolveWorkdir } from './exec-command.ts';
import { runHeredocPatch } from './heredoc-patch.ts';
import { parametersOf, readArguments } from './read-arguments.ts';
import type { Tool } from './tool.ts';
import { truncateOutput } from './truncate-output.ts';

/** Long enough for the tests of most repositories; this tool has no sessions, so the call waits for the end. */
const DEFAULT_TIMEOUT_MS = 120_000;
/** The activity that runs a tool ends after two hours; a command must end well before. */
const LONGEST_TIMEOUT_MS = 3_600_000;

const ArgumentsSchema = z.strictObject({
  command: z.array(z.string()).min(1).describe('The program and its arguments, such as ["bash", "-lc", "npm test"].'),
  workdir: z.string().optional().describe("Folder to run it in, relative to the workspace's root. Default: the root."),
  timeout_ms: z
    .int()
    .min(1)
    .max(LONGEST_TIMEOUT_MS)
    .optional()
    .describe(`The command is killed after this time. Default ${DEFAULT_TIMEOUT_MS}.`),
  with_escalated_permissions: z.boolean().optional().describe('Run it without the sandbox, when a person approves.'),
  justification: z.string().optional().describe('With with_escalated_permissions: why, as a question to the person.'),
});

const CONFINED = { retryClass: 'workspace', risk: 'workspace' } as const;
const SHELLS = /^(?:.*\/)?(?:ba|da|z|k)?sh$/;

/** What models of before sessions were trained with. */
export function createShell({ unconfined }: CommandTools): Tool {
  return {
    definition: {
      name: 'shell',
      description: 'Runs a program in the workspace, waits for its end, and returns its output and exit code.',
      form: { kind: 'function', parameters: parametersOf(ArgumentsSchema) },
    },
    ...CONFINED,
    classify: classifyShell,
    async run(input, context) {
      const parsed = readArguments('shell', ArgumentsSchema, input);
      if (parsed.kind === 'invalid') return { outcome: 'refused', output: parsed.problem };
      const { command: argv, workdir = '.', timeout_ms: timeoutMs = DEFAULT_TIMEOUT_MS } = parsed.value;
      const isEscalated = parsed.value.with_escalated_permissions === true;
      if (isEscalated && context.escalate !== true) {
        return { outcome: 'refused', output: 'Commands of this task run in the sandbox alone: the operator allows no other.' };
      }
      const place = await resolveWorkdir(context.workspace, workdir);
      if (place.kind === 'refused') return { outcome: 'refused', output: place.reason };
      const patched = await runHeredocPatch(scriptOf(argv) ?? '', place.path, context);
      if (patched !== undefined) return patched;
      const { workspace, signal, sandbox } = context;
      const request = { argv, workspace, workingDirectory: place.absolute, timeoutMs, signal };
      return describe(await runCommand(isEscalated ? unconfined : sandbox, request), timeoutMs);
    },
  };
}

function classifyShell(input: ToolInput): CallClass {
  const parsed = readArguments('shell', ArgumentsSchema, input);
  if (parsed.kind === 'invalid') return CONFINED;
  const { command: argv, with_escalated_permissions: isEscalated, justification = '' } = parsed.value;
  const command = scriptOf(argv) ?? argv.map(quoted).join(' ');
  if (isEscalated !== true) return { ...CONFINED, command };
  return { retryClass: 'external', risk: 'external', command, escalation: { justification } };
}

/** `bash -lc SCRIPT` is what the script is. */
function scriptOf([shell = '', flags = '', script, ...rest]: readonly string[]): string | undefined {
  return SHELLS.test(shell) && /^-l?c$/.test(flags) && rest.length === 0 ? script : undefined;
}

function quoted(word: string): string {
  return /^[A-Za-z0-9_./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

function describe({ end, output, wallTimeMs }: CommandResult, timeoutMs: number) {
  const told = truncateOutput(output, DEFAULT_OUTPUT_TOKENS);
  const lines = [`Exit code: ${exitCodeOf(end)}`, `Wall time: ${(wallTimeMs / 1000).toFixed(1)} seconds`, 'Output:', told];
  if (end.kind === 'timed-out') lines.splice(2, 0, `command timed out after ${timeoutMs} milliseconds`);
  return { outcome: end.kind === 'exited' && end.code === 0 ? ('ok' as const) : ('failed' as const), output: lines.join('\n') };
}

/** As shells tell of what was killed. */
function exitCodeOf(end: CommandResult['end']): number {
  switch (end.kind) {
    case 'exited':
      return end.code;
    case 'timed-out':
      return 124;
    case 'killed':
    case 'cancelled':
      return 137;
  }
}
