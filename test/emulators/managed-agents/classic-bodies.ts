/** What InvokeAgent and InvokeInlineAgent take: a field or value that they do not know is refused. SDK 3.1164, user guide 2026-11. */
import { z } from 'zod';

const NAME = z.string().regex(/^(?:[0-9a-zA-Z][_-]?){1,100}$/);
const BODY = z.strictObject({ body: z.string() });
const CONFIRMATION = z.enum(['CONFIRM', 'DENY']);
const RESPONSE_STATE = z.enum(['FAILURE', 'REPROMPT']);
const OUTCOME = {
  actionGroup: z.string(),
  agentId: z.string().optional(),
  confirmationState: CONFIRMATION.optional(),
  responseState: RESPONSE_STATE.optional(),
};
const FUNCTION_RESULT = z.strictObject({
  ...OUTCOME,
  function: z.string(),
  responseBody: z.strictObject({ TEXT: BODY }).optional(),
});
const API_RESULT = z.strictObject({
  ...OUTCOME,
  apiPath: z.string(),
  httpMethod: z.string(),
  httpStatusCode: z.int().min(100).max(599).optional(),
  responseBody: z.record(z.string(), BODY).optional(),
});
const RESULT = z.union([z.strictObject({ functionResult: FUNCTION_RESULT }), z.strictObject({ apiResult: API_RESULT })]);
export type ClassicResult = z.infer<typeof RESULT>;

const STATE = z.strictObject({ invocationId: z.string(), returnControlInvocationResults: z.array(RESULT).min(1) });

const COMMON = {
  inputText: z.string().min(1).optional(),
  enableTrace: z.boolean().optional(),
  endSession: z.boolean().optional(),
};

const PARAMETER = z.strictObject({
  type: z.enum(['string', 'number', 'integer', 'boolean', 'array']),
  description: z.string().min(1).max(500).optional(),
  required: z.boolean().optional(),
});
const FUNCTION = z.strictObject({
  name: NAME,
  description: z.string().min(1).max(1_200).optional(),
  parameters: z
    .record(NAME, PARAMETER)
    .refine((parameters) => Object.keys(parameters).length <= 5, 'at most 5 parameters')
    .optional(),
});

const ACTION_GROUP = z.strictObject({
  actionGroupName: NAME,
  actionGroupExecutor: z.strictObject({ customControl: z.literal('RETURN_CONTROL') }),
  functionSchema: z.strictObject({ functions: z.array(FUNCTION).min(1) }),
});
export type ClassicActionGroup = z.infer<typeof ACTION_GROUP>;

const SAVED_BODY = z.strictObject({ ...COMMON, sessionState: STATE.optional() });
const INLINE_BODY = z.strictObject({
  ...COMMON,
  foundationModel: z.string().min(1),
  instruction: z.string().min(40),
  idleSessionTTLInSeconds: z.int().min(60).max(5_400).optional(),
  actionGroups: z.array(ACTION_GROUP).min(1).optional(),
  inlineSessionState: STATE.optional(),
});

/** What both operations ask, in one form. */
export interface Invocation {
  readonly inputText: string | undefined;
  readonly enableTrace: boolean;
  readonly endSession: boolean;
  readonly state: z.infer<typeof STATE> | undefined;
  /** Of an inline agent. */
  readonly inline?: { readonly model: string; readonly groups: readonly ClassicActionGroup[] };
}

type Read = { readonly invocation: Invocation } | { readonly problem: string };

export function readSaved(json: unknown): Read {
  const { data, error } = SAVED_BODY.safeParse(json);
  if (data === undefined) return { problem: z.prettifyError(error) };
  return { invocation: { ...commonOf(data), state: data.sessionState } };
}

export function readInline(json: unknown): Read {
  const { data, error } = INLINE_BODY.safeParse(json);
  if (data === undefined) return { problem: z.prettifyError(error) };
  const inline = { model: data.foundationModel, groups: data.actionGroups ?? [] };
  return { invocation: { ...commonOf(data), state: data.inlineSessionState, inline } };
}

function commonOf({ inputText, enableTrace = false, endSession = false }: z.infer<typeof SAVED_BODY>) {
  return { inputText, enableTrace, endSession };
}
