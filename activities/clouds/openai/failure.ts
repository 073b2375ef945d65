import type { FailureDialect } from '../responses-api/cloud-dialect.ts';

/** The shared names are OpenAI's own; nothing has to be judged beyond them. */
export const OPENAI_FAILURE: FailureDialect = { rules: {}, judge: () => undefined };
