import { describe, expect, test } from 'vitest';
import { classifyCall, judge } from '../../activities/judge-tool-call.ts';
import { CommandSessions } from '../../activities/tools/command-sessions.ts';
import { createBuiltInTools } from '../../activities/tools/tool-registry.ts';
import type { ToolCall } from '../../workflows/domain/transcript.ts';
import { aToolCall } from '../support/builders.ts';

const tools = createBuiltInTools({ sessions: new CommandSessions() });
const CONFINED = { name: 'bubblewrap', hasNetwork: false } as const;
const WITH_NETWORK = { name: 'bubblewrap', hasNetwork: true } as const;
const UNCONFINED = { name: 'none', hasNetwork: true } as const;

function classOf(name: string, input: object, sandbox: Parameters<typeof classifyCall>[2]) {
  const call: ToolCall = aToolCall({ name, input: { kind: 'json', text: JSON.stringify(input) } });
  const tool = tools.find(({ definition }) => definition.name === name);
  if (tool === undefined) throw new Error(`there is no tool ${name}`);
  return { call, callClass: classifyCall(tool, call, sandbox) };
}

describe.each([
  ['exec_command', { cmd: 'npm ci' }],
  ['shell', { command: ['npm', 'ci'] }],
  ['write_stdin', { session_id: 100_000, chars: 'npm ci\n' }],
])('%s', (name, input) => {
  test('runs again after a crash only where its effects are all in the workspace', () => {
    const classes = [CONFINED, WITH_NETWORK, UNCONFINED].map((sandbox) => classOf(name, input, sandbox).callClass.retryClass);

    expect(classes).toEqual(['workspace', 'external', 'external']);
  });

  test('is asked about with allowed hosts as without: the operator has said yes to these', () => {
    const { call, callClass } = classOf(name, input, WITH_NETWORK);

    const verdicts = (['on-request', 'untrusted'] as const).map((mode) => judge(call, callClass, { policy: { mode } }).kind);

    expect(verdicts).toEqual(['run', 'ask']);
  });
});

test('what runs no command is what it was', () => {
  expect(classOf('write_stdin', { session_id: 100_000 }, WITH_NETWORK).callClass.retryClass).toBe('workspace');
  expect(classOf('search_files', { pattern: 'x' }, WITH_NETWORK).callClass.retryClass).toBe('read-only');
  expect(
    classOf('exec_command', { cmd: "apply_patch <<'E'\n*** Begin Patch\n*** End Patch\nE" }, WITH_NETWORK).callClass.retryClass,
  ).toBe('workspace');
});
