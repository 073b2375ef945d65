/** What is handed over, rendered for every cloud, against what that cloud refuses. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AWS_REQUESTS } from '../../activities/clouds/aws/request.ts';
import { AZURE_REQUEST } from '../../activities/clouds/azure/request.ts';
import { GOOGLE_REQUEST } from '../../activities/clouds/google/request.ts';
import { OPENAI_REQUEST } from '../../activities/clouds/openai/request.ts';
import type { ModelRequest } from '../../activities/clouds/cloud-client.ts';
import type { RequestDialect } from '../../activities/clouds/responses-api/cloud-dialect.ts';
import { renderRequest } from '../../activities/clouds/responses-api/render-request.ts';
import { compactedTranscript, summaryRequest } from '../../activities/conversation/compact-transcript.ts';
import { shrinkForSummary } from '../../activities/conversation/shrink-for-summary.ts';
import { handOver } from '../../workflows/domain/handoff.ts';
import type { TranscriptItem } from '../../workflows/domain/transcript.ts';
import { APPLY_PATCH, aRequest, READ_FILE } from '../clouds/builders.ts';
import type { EmulatedEndpoint } from '../emulators/emulated-endpoints.ts';
import { EMULATED_ENDPOINTS } from '../emulators/emulated-endpoints.ts';
import { readRequest } from '../emulators/validate-request.ts';
import { knownCapabilities } from '../support/known-capabilities.ts';
import { aToolCall, aReasoning, aToolResult, said, userSaid } from '../support/builders.ts';
import { anyTranscript, boundaryOf } from './arbitrary-transcript.ts';

const DIALECTS: Readonly<Record<string, RequestDialect>> = {
  openai: OPENAI_REQUEST,
  'azure-eastus2': AZURE_REQUEST,
  'aws-us-east-1': AWS_REQUESTS['bedrock-mantle'],
  'aws-runtime-us-east-1': AWS_REQUESTS['bedrock-runtime'],
  'google-global': GOOGLE_REQUEST,
};

type ToolForms = Pick<ModelRequest, 'customTools' | 'builtInPatch'>;

/** Every way in which the endpoint takes tools, the usual one first. */
function formsOf({ customTools, builtInPatch }: EmulatedEndpoint): readonly ToolForms[] {
  return [
    ...(customTools ? [{ customTools, builtInPatch: false }] : []),
    ...(builtInPatch ? [{ customTools: false, builtInPatch }] : []),
    ...(customTools && builtInPatch ? [{ customTools, builtInPatch }] : []),
    { customTools: false, builtInPatch: false },
  ];
}

/** The body as it is sent, after the handoff to the endpoint's boundary. */
function bodyFor(endpoint: EmulatedEndpoint, transcript: readonly TranscriptItem[], forms = formsOf(endpoint)[0]): unknown {
  const { name, wireModel } = endpoint;
  const dialect = DIALECTS[name];
  if (dialect === undefined) throw new Error(`no dialect is known for the endpoint ${name}`);
  const capabilities = knownCapabilities(name);
  const boundary = boundaryOf(name);
  const request = aRequest({
    wireModel,
    boundary,
    items: handOver(transcript, boundary).items,
    tools: [READ_FILE, APPLY_PATCH],
    ...forms,
    vision: capabilities.includes('vision'),
    ...(capabilities.includes('structured-output') ? { outputSchema: { type: 'object' } } : {}),
    encryptedReasoning: capabilities.includes('encrypted-reasoning'),
    background: capabilities.includes('background'),
  });
  return JSON.parse(JSON.stringify(renderRequest(request, dialect)));
}

describe.each(EMULATED_ENDPOINTS.map((endpoint) => [endpoint.name, endpoint] as const))('%s', (name, endpoint) => {
  test.each(formsOf(endpoint))('takes any transcript, cut anywhere, with tools as %j', (forms) => {
    fc.assert(
      fc.property(anyTranscript, (transcript) => {
        expect(readRequest(endpoint, bodyFor(endpoint, transcript, forms))).toHaveProperty('items');
      }),
      { numRuns: 500 },
    );
  });

  test('can do of tools, pictures and schemas what the catalog says', () => {
    const capabilities = knownCapabilities(name);

    expect(endpoint).toMatchObject({
      customTools: capabilities.includes('custom-tools'),
      builtInPatch: capabilities.includes('apply-patch'),
      vision: capabilities.includes('vision'),
      structuredOutput: capabilities.includes('structured-output'),
    });
  });

  test('takes what any transcript is compacted to, and the request for its summary', () => {
    const limits = { userTokens: 200, summaryTokens: 100 };
    fc.assert(
      fc.property(anyTranscript, fc.string({ unit: 'binary' }), (transcript, summary) => {
        const compacted = compactedTranscript(transcript, summary, limits);
        const request = summaryRequest(shrinkForSummary(transcript, 450));

        expect(readRequest(endpoint, bodyFor(endpoint, compacted))).toHaveProperty('items');
        expect(readRequest(endpoint, bodyFor(endpoint, request))).toHaveProperty('items');
      }),
      { numRuns: 300 },
    );
  });

  test('gets a freeform call in its own dialect, with the result in the same form', () => {
    const transcript = [
      userSaid('go'),
      aToolCall({ callId: 'a', input: { kind: 'text', text: 'a "patch"' } }),
      aToolResult({ callId: 'a' }),
    ];

    const form = endpoint.customTools ? 'custom_tool_call' : 'function_call';
    const input = endpoint.customTools ? { input: 'a "patch"' } : { arguments: '{"input":"a \\"patch\\""}' };
    expect(bodyFor(endpoint, transcript)).toMatchObject({
      input: [{ role: 'user' }, { type: form, call_id: 'a', ...input }, { type: `${form}_output`, call_id: 'a' }],
    });
  });

  test('gets its own reasoning back to the letter and that of no other', () => {
    const payload = (of: string) =>
      JSON.stringify({ type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: `enc:${of}:1` });
    const reasonings = EMULATED_ENDPOINTS.map((other) =>
      aReasoning({ boundary: boundaryOf(other.name), payload: payload(other.name) }),
    );

    const body = bodyFor(endpoint, [userSaid('go'), ...reasonings, said('x')]);

    expect(body).toMatchObject({ input: [{ role: 'user' }, JSON.parse(payload(name)), { role: 'assistant' }] });
  });
});

describe('the clouds', () => {
  test.each([
    ['a call without a result', [aToolCall()]],
    ['a result without a call', [aToolResult()]],
    ['a call id that is too long', [aToolCall({ callId: 'x'.repeat(65) }), aToolResult({ callId: 'x'.repeat(65) })]],
    ['reasoning made elsewhere', [aReasoning({ payload: '{"type":"reasoning","encrypted_content":"enc:other:1"}' }), said('x')]],
    ['reasoning that is not whole', [aReasoning({ payload: '{"type":"reasoning","id":"rs_1"}' }), said('x')]],
    ['reasoning that leads to nothing', [aReasoning({ payload: '{"type":"reasoning","encrypted_content":"enc:openai:1"}' })]],
    ['a tool name with a dot', [aToolCall({ name: 'functions.read_file' }), aToolResult()]],
    ['half of a surrogate pair', [userSaid('\ud83d')]],
  ])('refuse %s, so that the handoff is proved by their taking it', (_, items) => {
    const openai = EMULATED_ENDPOINTS.find(({ name }) => name === 'openai');
    if (openai === undefined) throw new Error('no emulated OpenAI');

    expect(readRequest(openai, renderRequest(aRequest({ items }), OPENAI_REQUEST))).toHaveProperty('reason');
  });

  test('without a patch tool of their own refuse its calls', () => {
    const azure = EMULATED_ENDPOINTS.find(({ builtInPatch }) => !builtInPatch);
    if (azure === undefined) throw new Error('no emulated cloud without a patch tool');
    const text = '*** Begin Patch\n*** Delete File: a\n*** End Patch';
    const items = [aToolCall({ name: 'apply_patch', input: { kind: 'text', text } }), aToolResult()];

    const body = renderRequest(aRequest({ items, wireModel: azure.wireModel, builtInPatch: true }), AZURE_REQUEST);

    expect(readRequest(azure, body)).toHaveProperty('reason');
  });

  test('without custom tools refuse their calls', () => {
    const google = EMULATED_ENDPOINTS.find(({ customTools }) => !customTools);
    if (google === undefined) throw new Error('no emulated cloud without custom tools');
    const items = [aToolCall({ input: { kind: 'text', text: 'x' } }), aToolResult()];

    const body = renderRequest(aRequest({ items, wireModel: google.wireModel, customTools: true }), GOOGLE_REQUEST);

    expect(readRequest(google, body)).toHaveProperty('reason');
  });
});
