/**
 * Where a task's turns are answered: it stays there, since the prompt cache and the reasoning are warm, and goes back to a better
 * deployment only between two turns, when that pays. So a cloud that comes and goes does not pull every task to and fro.
 */
import type { DeploymentId } from './ids.ts';
import type { Price } from './price.ts';
import type { Deployment, Route } from './route.ts';
import type { RouteHealth } from './route-health.ts';
import { avoidedUntil } from './route-health.ts';
import type { Usage } from './usage.ts';

export interface Pin {
  readonly deployment: DeploymentId;
  /** When the task came here. */
  readonly sinceMs: number;
  /** When it was last answered here. */
  readonly answeredAtMs: number;
  /** Tokens of the whole conversation after that answer: what a cache holds, and what another deployment would read cold. */
  readonly prefixTokens: number;
  readonly outputTokens: number;
}

/** GPT-5.6 and later keep a prompt cache for at least 30 minutes after its last use. */
export const CACHE_LIFE_MS = 30 * 60_000;
/** Writing a prefix into a cache costs this much more than plain input, in hundredths (GPT-5.6 and later). */
const CACHE_WRITE_PERCENT = 125n;
/** A cloud that came back may go again: a task stays where it went for at least the life of the cache that it paid for. */
const DWELL_MS = CACHE_LIFE_MS;
/** A return has to earn its cold cache within so many turns: tasks rarely last much longer. */
const TURNS_TO_EARN = 10;

/** The pin after an answer. */
export function pinAfter(pin: Pin | null, deployment: DeploymentId, answer: { usage: Usage; nowMs: number }): Pin {
  const { usage, nowMs } = answer;
  return {
    deployment,
    sinceMs: pin?.deployment === deployment ? pin.sinceMs : nowMs,
    answeredAtMs: nowMs,
    prefixTokens: usage.inputTokens + usage.outputTokens,
    outputTokens: usage.outputTokens,
  };
}

/** Micro-dollars that reading the prefix cold at `to` costs more than reading it warm at the pin; 0 when nothing is warm. */
export function moveCostUsdMicros(pin: Pin | null, route: Route, { to, nowMs }: { to: Deployment; nowMs: number }): number {
  const here = route.deployments.find(({ id }) => id === pin?.deployment);
  if (pin === null || here === undefined || here.id === to.id || !isWarm(pin, nowMs)) return 0;
  const cold = (BigInt(to.price.inputUsdMicrosPerMillion) * CACHE_WRITE_PERCENT) / 100n;
  const perMillion = cold - BigInt(here.price.cachedInputUsdMicrosPerMillion);
  return perMillion <= 0n ? 0 : Number((BigInt(pin.prefixTokens) * perMillion) / 1_000_000n);
}

/** The route's order for a new turn: the pin first, or the better deployment that it is time to return to. */
export function orderForTurn(route: Route, pin: Pin | null, { health, nowMs }: { health: RouteHealth; nowMs: number }) {
  const here = route.deployments.findIndex(({ id }) => id === pin?.deployment);
  if (pin === null || here === -1) return { order: route.deployments, isReturn: false };
  const better = route.deployments.slice(0, here).find(({ id }) => avoidedUntil(health, id) <= nowMs);
  const isReturn = better !== undefined && isTimeToReturn({ pin, route, better, nowMs });
  const first = isReturn ? better : route.deployments[here];
  return { order: route.deployments.toSorted((left, right) => Number(right === first) - Number(left === first)), isReturn };
}

function isTimeToReturn(input: { pin: Pin; route: Route; better: Deployment; nowMs: number }): boolean {
  const { pin, route, better, nowMs } = input;
  // Nothing is warm any more: the better one costs no more than staying.
  if (!isWarm(pin, nowMs)) return true;
  if (nowMs - pin.sinceMs < DWELL_MS) return false;
  const here = route.deployments.find(({ id }) => id === pin.deployment);
  const savedPerTurn = here === undefined ? 0 : warmTurnUsdMicros(pin, here.price) - warmTurnUsdMicros(pin, better.price);
  return savedPerTurn * TURNS_TO_EARN > moveCostUsdMicros(pin, route, { to: better, nowMs });
}

function warmTurnUsdMicros(pin: Pin, price: Price): number {
  const read = pin.prefixTokens * price.cachedInputUsdMicrosPerMillion;
  return (read + pin.outputTokens * price.outputUsdMicrosPerMillion) / 1_000_000;
}

function isWarm(pin: Pin, nowMs: number): boolean {
  return nowMs - pin.answeredAtMs < CACHE_LIFE_MS;
}
