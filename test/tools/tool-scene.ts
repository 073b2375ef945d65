import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createSandbox } from '../../activities/sandbox/create-sandbox.ts';
import type { Tool, ToolContext, ToolReturn } from '../../activities/tools/tool.ts';
import { CommandSessions } from '../../activities/tools/command-sessions.ts';
import { createBuiltInTools, createToolRegistry } from '../../activities/tools/tool-registry.ts';
import { toTaskId } from '../../workflows/domain/ids.ts';
import type { ToolInput } from '../../workflows/domain/transcript.ts';

export type Files = Readonly<Record<string, string>>;

/** A folder for one test, removed when it is over. */
export function scratchFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'anyport tools-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export function writeFiles(folder: string, files: Files): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

/** Every regular file below a folder. */
export function readFiles(folder: string): Files {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = entries.map(({ parentPath, name }) => join(parentPath, name)).sort();
  return Object.fromEntries(paths.map((path) => [path.slice(folder.length + 1), readFileSync(path, 'utf8')]));
}

export interface ToolScene {
  readonly sessions: CommandSessions;
  find(name: string): Tool;
  run(name: string, input: ToolInput | object, overrides?: Partial<ToolContext>): Promise<ToolReturn>;
}

/** The tools of one worker and a task on it; what it leaves running ends with the test. */
export function aToolScene(workspace: string, sessions = new CommandSessions()): ToolScene {
  onTestFinished(() => sessions.close());
  const tools = createToolRegistry(createBuiltInTools({ sessions }));
  const { signal } = new AbortController();
  const context = { taskId: toTaskId('t'), callId: 'c', workspace, sandbox: createSandbox('none'), signal };
  const find = (name: string): Tool => {
    const tool = tools.find(name);
    if (tool === undefined) throw new Error(`no tool ${name}`);
    return tool;
  };
  const run: ToolScene['run'] = (name, input, overrides) =>
    find(name).run(isToolInput(input) ? input : toInput(input), { ...context, ...overrides });
  return { sessions, find, run };
}

/** One call of a tool, without anything that came before. */
export function runTool(workspace: string, name: string, input: ToolInput | object): Promise<ToolReturn> {
  return aToolScene(workspace).run(name, input);
}

export function toInput(input: object): ToolInput {
  return { kind: 'json', text: JSON.stringify(input) };
}

export function applyPatch(workspace: string, ...lines: readonly string[]): Promise<ToolReturn> {
  return runTool(workspace, 'apply_patch', { kind: 'text', text: ['*** Begin Patch', ...lines, '*** End Patch'].join('\n') });
}

function isToolInput(input: ToolInput | object): input is ToolInput {
  return 'kind' in input && 'text' in input;
}

/** Whether a process runs whose command line has this text. */
export function isRunning(text: string): boolean {
  return readdirSync('/proc').some((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').startsWith(text);
    } catch {
      return false;
    }
  });
}

let sleeps = 0;

/** A number of seconds that no other process sleeps for. */
export function uniqueSleep(): string {
  sleeps += 1;
  return `sleep 9${process.pid}${String(sleeps).padStart(3, '0')}`;
}
