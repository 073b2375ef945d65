import type { ModelCall } from '../model-call.ts';

/** Of the texts that we send a token is about four characters; room that was not needed is given back. */
const CHARACTERS_PER_TOKEN = 4;
/** What a turn of an agent usually answers at most. */
const USUAL_OUTPUT_TOKENS = 1_000;

/** What a call will take of its deployment's tokens per minute. */
export function estimateTokens({ settings, tools, transcript }: Pick<ModelCall, 'settings' | 'tools' | 'transcript'>): number {
  const characters = [settings.instructions, tools, transcript].reduce((sum, part) => sum + JSON.stringify(part).length, 0);
  return Math.ceil(characters / CHARACTERS_PER_TOKEN) + (settings.maxOutputTokens ?? USUAL_OUTPUT_TOKENS);
}
