/** What a task with a workspace is told before its prompt, in the form that the models were trained with. */
import { posix } from 'node:path';
import type { UserMessage } from '../../workflows/domain/transcript.ts';
import type { AgentsFile } from './agents-files.ts';

/** The project's instructions, each under the folder that they are for; `undefined` when there are none. */
export function agentsMessage(workspace: string, files: readonly AgentsFile[]): UserMessage | undefined {
  if (files.length === 0) return undefined;
  return { kind: 'user-message', origin: 'context', text: files.map((file) => renderFile(workspace, file)).join('\n\n') };
}

function renderFile(workspace: string, file: AgentsFile): string {
  if (file.kind === 'left-out') return `[${file.path} is left out: ${file.reason}]`;
  const { folder, path, text, cut } = file;
  const note =
    cut === undefined
      ? ''
      : `\n[${path} is cut here, after ${cut.shownBytes} of its ${cut.wholeBytes} bytes: read the rest of it with a tool]`;
  const directory = posix.join(workspace, folder);
  return `# AGENTS.md instructions for ${directory}\n\n<INSTRUCTIONS>\n${closedWithin(text.trim())}${note}\n</INSTRUCTIONS>`;
}

/** The text must not end its own block: what followed would look like ours. */
function closedWithin(text: string): string {
  return text.replaceAll(/<(\/?\s*INSTRUCTIONS\s*>)/gi, '&lt;$1');
}

/** Whether commands need a person's consent, in the words of the models' own harness. */
export type ApprovalWord = 'never' | 'on-request' | 'untrusted' | 'always';

export interface Environment {
  /** Absolute path of the workspace's root, where commands start. */
  readonly workspace: string;
  /** What the task is about, when that is not the whole. */
  readonly folder?: string;
  readonly shell: string;
  readonly sandbox: 'bubblewrap' | 'none';
  readonly approvals: ApprovalWord;
  /** Reached through the sandbox; none: no network. Without a sandbox nothing is held back. */
  readonly allowedDomains?: readonly string[];
  readonly nowMs: number;
  readonly timeZone: string;
}

export function environmentMessage(environment: Environment): UserMessage {
  const { workspace, folder, shell, sandbox, approvals, allowedDomains = [], nowMs, timeZone } = environment;
  const isConfined = sandbox !== 'none';
  const lines = [
    element('cwd', workspace),
    ...(folder === undefined || folder === '.' ? [] : [element('task_folder', folder)]),
    element('approval_policy', approvals),
    element('sandbox_mode', isConfined ? 'workspace-write' : 'danger-full-access'),
    element('network_access', isConfined ? 'restricted' : 'enabled'),
    ...(isConfined && allowedDomains.length > 0 ? [list('allowed_domains', 'domain', allowedDomains)] : []),
    ...(isConfined ? [list('writable_roots', 'root', [workspace, '/tmp'])] : []),
    element('shell', shell),
    element('current_date', dateIn(timeZone, nowMs)),
    element('timezone', timeZone),
  ];
  const text = `<environment_context>\n${lines.map((line) => `  ${line}`).join('\n')}\n</environment_context>`;
  return { kind: 'user-message', origin: 'context', text };
}

function element(name: string, value: string): string {
  return `<${name}>${escapeText(value)}</${name}>`;
}

function list(name: string, of: string, values: readonly string[]): string {
  return `<${name}>${values.map((value) => element(of, value)).join('')}</${name}>`;
}

/** A folder's name may hold anything. */
function escapeText(value: string): string {
  return value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('\n', '&#10;');
}

/** YYYY-MM-DD; this locale writes dates so. */
function dateIn(timeZone: string, nowMs: number): string {
  return new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short' }).format(nowMs);
}
