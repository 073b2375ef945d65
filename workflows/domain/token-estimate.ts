/** What is taken for tokens before a cloud has counted them. */
import type { TranscriptItem } from './transcript.ts';

/** English and code have four characters to a token; other scripts and numbers fewer, base64 of reasoning about as many. */
export const CHARACTERS_PER_TOKEN = 4;

/** What an answer is reserved with when no limit was asked for: few answers of agents, reasoning and patches included, are longer. */
export const USUAL_OUTPUT_TOKENS = 8_192;

/** Role, kind and ids around an item's text. */
const TOKENS_AROUND_ITEM = 8;
/** Clouds scale pictures down to about as many; their base64 says nothing of it. */
export const TOKENS_OF_IMAGE = 1_500;

export function tokensOfText(text: string): number {
  return Math.ceil(text.length / CHARACTERS_PER_TOKEN);
}

export function tokensOfItem(item: TranscriptItem): number {
  switch (item.kind) {
    case 'user-message':
    case 'assistant-message':
      return TOKENS_AROUND_ITEM + tokensOfText(item.text);
    case 'reasoning':
      return TOKENS_AROUND_ITEM + tokensOfText(item.payload);
    case 'tool-call':
      return TOKENS_AROUND_ITEM + tokensOfText(item.name) + tokensOfText(item.input.text);
    case 'tool-result':
      return TOKENS_AROUND_ITEM + tokensOfText(item.output) + TOKENS_OF_IMAGE * (item.images?.length ?? 0);
  }
}

export function tokensOfItems(items: readonly TranscriptItem[]): number {
  return items.reduce((sum, item) => sum + tokensOfItem(item), 0);
}
