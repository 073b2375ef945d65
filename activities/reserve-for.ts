/** What one request may cost at most, known before it is sent: the ledger's first entry of an attempt. */
import { priceAt, reserveUsdMicros } from '../workflows/domain/price.ts';
import { CHARACTERS_PER_TOKEN, USUAL_OUTPUT_TOKENS } from '../workflows/domain/token-estimate.ts';
import type { ModelCall } from './model-call.ts';
import type { AttemptReserve } from './store/task-store.ts';

/** All that is sent, at the price of input that is nowhere cached, and the longest answer that was asked for. */
export function reserveFor({ served, settings, tools, transcript }: ModelCall, nowMs: number): AttemptReserve {
  const characters = settings.instructions.length + JSON.stringify(tools).length + JSON.stringify(transcript).length;
  const tokens = {
    input: Math.ceil(characters / CHARACTERS_PER_TOKEN),
    output: settings.maxOutputTokens ?? USUAL_OUTPUT_TOKENS,
  };
  return { cloud: served.deployment.cloud, usdMicros: reserveUsdMicros(tokens, priceAt(served.prices, nowMs)) };
}
