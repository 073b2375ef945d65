import type { AnswerProgress, CallOptions, ModelRequest } from '../../activities/clouds/cloud-client.ts';
import { ModelFailureError } from '../../activities/clouds/cloud-client.ts';
import type { ModelFailure } from '../../workflows/domain/model-failure.ts';
import type { ToolDefinition } from '../../workflows/domain/tool-call.ts';

export const READ_FILE: ToolDefinition = {
  name: 'read_file',
  description: 'Reads a file.',
  form: {
    kind: 'function',
    parameters: { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] },
  },
};

export const APPLY_PATCH: ToolDefinition = {
  name: 'apply_patch',
  description: 'Applies a patch.',
  form: { kind: 'freeform', grammar: 'start: /(.|\\n)+/' },
};

export function aRequest(overrides: Partial<ModelRequest> = {}): ModelRequest {
  return {
    wireModel: 'gpt-6.1-sol',
    instructions: 'Be brief.',
    items: [{ kind: 'user-message', text: 'say hello' }],
    tools: [],
    customTools: true,
    builtInPatch: false,
    vision: true,
    encryptedReasoning: false,
    background: false,
    promptCacheKey: 'cache-1',
    metadata: { task: 'task-1', turn: '1', attempt: '1' },
    boundary: 'here',
    ...overrides,
  };
}

/** Call options that remember what was told. */
export function aCall(overrides: Partial<AnswerProgress> & { readonly signal?: AbortSignal } = {}) {
  const responseIds: string[] = [];
  const sequences: number[] = [];
  const { signal = new AbortController().signal, ...progress } = overrides;
  const options: CallOptions = {
    signal,
    progress: {
      onSending: async () => undefined,
      async onResponseId(id) {
        responseIds.push(id);
      },
      onEvent: (sequence) => void sequences.push(sequence),
      ...progress,
    },
  };
  return { ...options, responseIds, sequences };
}

/** The failure that a call ends in. */
export async function failureOf(call: Promise<unknown>): Promise<ModelFailure> {
  const error: unknown = await call.then(
    () => new Error('the call succeeded'),
    (thrown: unknown) => thrown,
  );
  if (error instanceof ModelFailureError) return error.failure;
  throw error;
}
