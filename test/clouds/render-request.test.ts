import { describe, expect, test } from 'vitest';
import { OPENAI_REQUEST } from '../../activities/clouds/openai/request.ts';
import { renderRequest } from '../../activities/clouds/responses-api/render-request.ts';
import type { TranscriptItem } from '../../workflows/domain/transcript.ts';
import { APPLY_PATCH, READ_FILE, aRequest } from './builders.ts';

const REASONING = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'blob' };
const ITEMS: readonly TranscriptItem[] = [
  { kind: 'user-message', text: 'fix it' },
  { kind: 'reasoning', boundary: 'here', payload: JSON.stringify(REASONING) },
  { kind: 'assistant-message', text: 'I look.', phase: 'commentary' },
  {
    kind: 'tool-call',
    callId: 'c1',
    name: 'read_file',
    input: { kind: 'json', text: '{"path":"a"}' },
  },
  {
    kind: 'tool-call',
    callId: 'c2',
    name: 'apply_patch',
    input: { kind: 'text', text: '*** Begin "Patch"' },
  },
  { kind: 'tool-result', callId: 'c2', outcome: 'ok', output: 'Done' },
  { kind: 'tool-result', callId: 'c1', outcome: 'failed', output: 'no such file' },
  { kind: 'assistant-message', text: 'I will not.', refusal: true },
];

describe('a request', () => {
  test('has exactly what the Responses API takes', () => {
    const request = aRequest({
      items: ITEMS,
      tools: [READ_FILE, APPLY_PATCH],
      encryptedReasoning: true,
      maxOutputTokens: 9,
    });

    expect(renderRequest(request, OPENAI_REQUEST)).toEqual({
      model: 'gpt-6.1-sol',
      instructions: 'Be brief.',
      stream: true,
      store: false,
      include: ['reasoning.encrypted_content'],
      prompt_cache_key: 'cache-1',
      metadata: { task: 'task-1', turn: '1', attempt: '1' },
      max_output_tokens: 9,
      tools: [
        {
          type: 'function',
          name: 'read_file',
          description: 'Reads a file.',
          strict: false,
          parameters: expect.anything(),
        },
        {
          type: 'custom',
          name: 'apply_patch',
          description: 'Applies a patch.',
          format: { type: 'grammar', syntax: 'lark', definition: expect.any(String) },
        },
      ],
      input: [
        { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'fix it' }] },
        REASONING,
        { type: 'message', role: 'assistant', content: 'I look.', phase: 'commentary' },
        { type: 'function_call', call_id: 'c1', name: 'read_file', arguments: '{"path":"a"}' },
        {
          type: 'custom_tool_call',
          call_id: 'c2',
          name: 'apply_patch',
          input: '*** Begin "Patch"',
        },
        { type: 'custom_tool_call_output', call_id: 'c2', output: 'Done' },
        { type: 'function_call_output', call_id: 'c1', output: 'no such file' },
        { type: 'message', role: 'assistant', content: 'I will not.' },
      ],
    });
  });

  test('renders freeform tools as functions with one input where the deployment has no custom tools', () => {
    const { input, tools } = renderRequest(aRequest({ items: ITEMS, tools: [APPLY_PATCH], customTools: false }), OPENAI_REQUEST);

    expect(tools).toMatchObject([
      {
        type: 'function',
        name: 'apply_patch',
        parameters: { properties: { input: { type: 'string' } }, required: ['input'] },
      },
    ]);
    expect(input).toContainEqual({
      type: 'function_call',
      call_id: 'c2',
      name: 'apply_patch',
      arguments: '{"input":"*** Begin \\"Patch\\""}',
    });
    expect(input).toContainEqual({ type: 'function_call_output', call_id: 'c2', output: 'Done' });
  });

  test('gives the built-in patch tool one call for each file, with one result for all of them', () => {
    const text = '*** Begin Patch\n*** Add File: a\n+x\n*** Update File: b\n@@ f\n-1\n+2\n*** Delete File: c\n*** End Patch';
    const items: readonly TranscriptItem[] = [
      { kind: 'tool-call', callId: 'c1', name: 'apply_patch', input: { kind: 'text', text } },
      { kind: 'tool-call', callId: 'c1_2', name: 'read_file', input: { kind: 'json', text: '{}' } },
      { kind: 'tool-result', callId: 'c1', outcome: 'failed', output: 'no such file' },
      { kind: 'tool-result', callId: 'c1_2', outcome: 'ok', output: 'text' },
    ];

    const { input, tools } = renderRequest(
      aRequest({ items, tools: [READ_FILE, APPLY_PATCH], customTools: false, builtInPatch: true }),
      OPENAI_REQUEST,
    );

    expect(tools).toMatchObject([{ type: 'function', name: 'read_file' }, { type: 'apply_patch' }]);
    const part = { type: 'apply_patch_call_output', status: 'failed', output: expect.stringContaining('the last') };
    expect(input).toEqual([
      {
        type: 'apply_patch_call',
        call_id: 'c1',
        status: 'completed',
        operation: { type: 'create_file', path: 'a', diff: '+x\n' },
      },
      {
        type: 'apply_patch_call',
        call_id: 'c1_3',
        status: 'completed',
        operation: { type: 'update_file', path: 'b', diff: '@@ f\n-1\n+2' },
      },
      { type: 'apply_patch_call', call_id: 'c1_4', status: 'completed', operation: { type: 'delete_file', path: 'c' } },
      { type: 'function_call', call_id: 'c1_2', name: 'read_file', arguments: '{}' },
      { ...part, call_id: 'c1' },
      { ...part, call_id: 'c1_3' },
      { ...part, call_id: 'c1_4', output: 'no such file' },
      { type: 'function_call_output', call_id: 'c1_2', output: 'text' },
    ]);
  });

  test.each([
    ['moves a file', '*** Begin Patch\n*** Update File: a\n*** Move to: b\n*** End Patch'],
    ['is no patch', 'hello'],
  ])('tells the built-in patch tool as a function what %s', (_name, text) => {
    const items: readonly TranscriptItem[] = [
      { kind: 'tool-call', callId: 'c1', name: 'apply_patch', input: { kind: 'text', text } },
      { kind: 'tool-result', callId: 'c1', outcome: 'ok', output: 'Done' },
    ];

    const { input } = renderRequest(aRequest({ items, customTools: true, builtInPatch: true }), OPENAI_REQUEST);

    expect(input).toEqual([
      { type: 'function_call', call_id: 'c1', name: 'apply_patch', arguments: JSON.stringify({ input: text }) },
      { type: 'function_call_output', call_id: 'c1', output: 'Done' },
    ]);
  });

  const picture = (base64: string): TranscriptItem => ({
    ...{ kind: 'tool-result', callId: 'c1', outcome: 'ok', output: 'a.png: image/png' },
    images: [{ mediaType: 'image/png', base64 }],
  });

  test('shows the pictures of a result behind its text', () => {
    const { input } = renderRequest(aRequest({ items: [picture('iVBORw0KGgo=')] }), OPENAI_REQUEST);

    expect(input).toEqual([
      {
        type: 'function_call_output',
        call_id: 'c1',
        output: [
          { type: 'input_text', text: 'a.png: image/png' },
          { type: 'input_image', image_url: 'data:image/png;base64,iVBORw0KGgo=', detail: 'auto' },
        ],
      },
    ]);
  });

  test('says that there is a picture where the deployment takes none', () => {
    const { input } = renderRequest(aRequest({ items: [picture('iVBORw0KGgo=')], vision: false }), OPENAI_REQUEST);

    expect(input).toEqual([{ type: 'function_call_output', call_id: 'c1', output: expect.stringContaining('cannot be shown') }]);
  });

  test('leaves out the older pictures when they are more than a request has room for', () => {
    const large = picture('a'.repeat(6_000_000));

    const { input } = renderRequest(aRequest({ items: [large, large, { ...large }, { ...large }] }), OPENAI_REQUEST);

    const outputs = Array.isArray(input) ? input.map((item) => 'output' in item && Array.isArray(item.output)) : [];
    expect(outputs).toEqual([false, false, true, true]);
  });

  test('keeps metadata within the limits', () => {
    const metadata = Object.fromEntries(
      Array.from({ length: 20 }, (_, index) => [`${'k'.repeat(70)}${index}`.slice(index), 'v'.repeat(600)]),
    );

    const rendered = Object.entries(renderRequest(aRequest({ metadata }), OPENAI_REQUEST).metadata ?? {});

    expect(rendered.length).toBeLessThanOrEqual(16);
    expect(rendered.every(([key, value]) => key.length <= 64 && value.length === 512)).toBe(true);
  });

  test('with a reasoning item that is no JSON is refused', () => {
    const items: readonly TranscriptItem[] = [{ kind: 'reasoning', boundary: 'here', payload: '{' }];

    expect(() => renderRequest(aRequest({ items }), OPENAI_REQUEST)).toThrow('not JSON');
  });
});
