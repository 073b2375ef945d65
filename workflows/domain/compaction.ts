/**
 * When a conversation has become too long for its deployment's window, and how much of it may stay. What stays is text alone (the
 * beginning, what the user said, a summary), so a compacted task can still go on at any cloud. Pure.
 */
import { USUAL_OUTPUT_TOKENS } from './token-estimate.ts';

export interface ContextUse {
  /** Of the next request as far as it is known: what the last one and its answer had, and the results since. */
  readonly contextTokens: number;
  /** Of the deployment that is asked next; `undefined`: not known, so only the cloud's refusal tells. */
  readonly contextWindow: number | undefined;
  /** The longest answer that is asked for. Default: a usual one. */
  readonly reserveTokens?: number;
}

/** As the models' own harness does: past it the next result of a tool may be the one that does not fit. */
const FULL = 0.9;
/**
 * However long an answer may be, a conversation has half of the window: a reserve as large as the window would compact before
 * every turn, for ever.
 */
const LARGEST_RESERVE = 0.5;

/** Whether the conversation is to be compacted before the next turn. */
export function shouldCompact(use: ContextUse): boolean {
  const { contextTokens, contextWindow, reserveTokens = USUAL_OUTPUT_TOKENS } = use;
  if (contextWindow === undefined) return false;
  const reserve = Math.min(reserveTokens, contextWindow * LARGEST_RESERVE);
  return contextTokens >= Math.min(contextWindow * FULL, contextWindow - reserve);
}

/** How much of a compacted conversation may be what. */
export interface CompactionLimits {
  /** Of what the user said. */
  readonly userTokens: number;
  readonly summaryTokens: number;
}

/** Enough for a task and its follow-ups verbatim; what is longer is material, and is in the workspace or the summary. */
const USER_TOKENS = 20_000;
/** Ten pages: a hand-off that is longer was not shortened. */
const SUMMARY_TOKENS = 8_000;
/** Of a small window a task must have most for its work. */
const USER_SHARE = 1 / 6;
const SUMMARY_SHARE = 1 / 10;

export function compactionLimits(contextWindow: number | undefined): CompactionLimits {
  if (contextWindow === undefined) return { userTokens: USER_TOKENS, summaryTokens: SUMMARY_TOKENS };
  return {
    userTokens: Math.min(USER_TOKENS, Math.floor(contextWindow * USER_SHARE)),
    summaryTokens: Math.min(SUMMARY_TOKENS, Math.floor(contextWindow * SUMMARY_SHARE)),
  };
}

/** What may be sent to have a summary written: the window without room for the summary and for what estimates miss. */
export function summaryRequestTokens(contextWindow: number): number {
  return Math.floor((contextWindow - compactionLimits(contextWindow).summaryTokens) * ESTIMATES_MISS);
}

/** Four characters to a token is too few tokens for code and numbers, by up to a fifth. */
const ESTIMATES_MISS = 0.8;
