import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createSandbox } from '../../activities/sandbox/create-sandbox.ts';
import type { ToolReturn } from '../../activities/tools/tool.ts';
import { createCommandSessions } from '../../activities/tools/command-sessions.ts';
import { createBuiltInTools, createToolRegistry } from '../../activities/tools/tool-registry.ts';
import { toTaskId } from '../../workflows/domain/ids.ts';
import type { ToolInput } from '../../workflows/domain/transcript.ts';

export type Files = Readonly<Record<string, string>>;

const sessions = createCommandSessions();
export const SCENE_TOOLS = createToolRegistry(createBuiltInTools({ sessions, unconfined: createSandbox('none') }));

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

export function runTool(workspace: string, name: string, input: ToolInput | object): Promise<ToolReturn> {
  const tool = SCENE_TOOLS.find(name);
  if (tool === undefined) throw new Error(`no tool ${name}`);
  const given: ToolInput = isToolInput(input) ? input : { kind: 'json', text: JSON.stringify(input) };
  const { signal } = new AbortController();
  return tool.run(given, { taskId: toTaskId('t'), callId: 'c', workspace, sandbox: createSandbox('none'), signal });
}

export function applyPatch(workspace: string, ...lines: readonly string[]): Promise<ToolReturn> {
  return runTool(workspace, 'apply_patch', { kind: 'text', text: ['*** Begin Patch', ...lines, '*** End Patch'].join('\n') });
}

function isToolInput(input: ToolInput | object): input is ToolInput {
  return 'kind' in input && 'text' in input;
}
