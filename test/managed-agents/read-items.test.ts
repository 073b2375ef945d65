import { expect, test } from 'vitest';
import { readMarker, usageSince, writeMarker } from '../../activities/managed-agents/agents-api/marker.ts';
import { readAction, readItem, readLeftBehind } from '../../activities/managed-agents/agents-api/read-items.ts';
import { ModelFailureError } from '../../activities/clouds/cloud-client.ts';
import { NO_USAGE } from '../../workflows/domain/usage.ts';

const PLAN = { key: 'k', instructions: '', tools: [], metadata: {} };

test.each([
  [{ type: 'reasoning' }, []],
  [{ type: 'function_call', name: 'f' }, []],
  [{ type: 'function_call_output' }, []],
  [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: 'mine' }] }, []],
  [
    { type: 'message', role: 'assistant', phase: 'final_answer', content: [{ type: 'output_text', text: 'its' }] },
    [{ kind: 'assistant-message', text: 'its', phase: 'final-answer' }],
  ],
  [
    { type: 'mcp_call', name: 'search', server_label: 'docs', status: 'completed' },
    [{ kind: 'assistant-message', text: '(Called search of the MCP server docs: completed.)', phase: 'commentary' }],
  ],
])('%j is read as %j', (item, expected) => {
  expect(readItem(item)).toEqual(expected);
});

test('what a session made for itself is named once for each kind', () => {
  const items = [
    { type: 'command_execution' },
    { type: 'create_subagent_call' },
    { type: 'command_execution' },
    { type: 'message' },
  ];

  expect(readLeftBehind(items)).toEqual(['what its commands did to the files of its environment', 'agents of its own']);
});

test.each(['computer_use_approval_request', 'environment_connection'])('nobody can answer %s, and it is said', (type) => {
  const read = (): unknown => readAction({ type }, PLAN);

  expect(read).toThrow(ModelFailureError);
  expect(read).toThrow(`unsupported: waits for ${type}`);
});

test.each([
  [{ path: 'a' }, '{"path":"a"}'],
  ['{"path":"a"}', '{"path":"a"}'],
  [undefined, '{}'],
])('arguments %j are the text %s', (given, text) => {
  expect(readAction({ type: 'function_call', call_id: 'c', name: 'f', arguments: given }, PLAN).input).toEqual({
    kind: 'json',
    text,
  });
});

test('a marker comes back as it was written, and one of somebody else begins anew', () => {
  const marker = { item: 'item_1', usage: { inputTokens: 4, cachedInputTokens: 3, outputTokens: 2, reasoningTokens: 1 } };

  expect(readMarker(writeMarker(marker))).toEqual(marker);
  expect(readMarker('42')).toEqual({ usage: NO_USAGE });
  expect(readMarker('not JSON')).toEqual({ usage: NO_USAGE });
});

test('usage that a service corrects downwards is never less than none', () => {
  const usage = { inputTokens: 10, cachedInputTokens: 5, outputTokens: 5, reasoningTokens: 1 };

  expect(usageSince(usage, { ...usage, inputTokens: 8, outputTokens: 9 })).toEqual({ ...NO_USAGE, outputTokens: 4 });
});
