/** Whether it can do what the task needs. */
import type { Product } from './catalog.ts';
import type { Candidate, Question } from './candidate.ts';
import { factAt, nextTurn } from './fact-in-force.ts';
import type { Reason } from './reason.ts';
import { toReason } from './reason.ts';
import type { Capability } from './route.ts';

export function capabilityReasons(question: Question, candidate: Candidate): readonly Reason[] {
  const reasons: Reason[] = [];
  for (const capability of question.need.capabilities) {
    const reason = missing(question, candidate, capability);
    if (reason !== undefined) reasons.push(reason);
  }
  return reasons;
}

/** What the operator lists of a deployment counts; else what is known. What is not known to be there is missing. */
function missing({ at }: Question, { offering, placed }: Candidate, capability: Capability): Reason | undefined {
  const code = 'CAPABILITY_MISSING';
  const elsewhere = placed === undefined ? '' : ', or configure an endpoint that has it';
  const remedy = `ask for a task that does not need ${capability}${elsewhere}`;
  if (placed?.ownCapabilities !== undefined) {
    if (placed.ownCapabilities.includes(capability)) return undefined;
    return toReason({ code, expected: capability, actual: 'not among its capabilities', remedy });
  }
  const facts = offering.capabilities[capability] ?? [];
  const fact = factAt(facts, at);
  if (fact?.value === 'yes') return undefined;
  const clearsOn = nextTurn(facts, at, (value) => value === 'yes')?.day;
  const actual = fact === undefined || fact.value === 'unknown' ? 'not known to be there' : 'not there';
  return toReason({ code, expected: capability, actual, fact, clearsOn, remedy });
}

export function limitReasons({ at, need }: Question, { offering }: Candidate): readonly Reason[] {
  const fact = factAt(offering.limits, at);
  const { contextTokens = Infinity, maxOutputTokens = Infinity } = fact?.value ?? {};
  const reasons: Reason[] = [];
  const tokens = need.inputTokens + need.outputTokens;
  if (tokens > contextTokens) {
    const clearsOn = nextTurn(offering.limits, at, (limits) => (limits.contextTokens ?? Infinity) >= tokens)?.day;
    const [expected, actual] = [`room for ${tokens} tokens`, `a context of ${contextTokens}`];
    reasons.push(toReason({ code: 'CONTEXT_TOO_SMALL', expected, actual, fact, clearsOn, remedy: 'send less, or elsewhere' }));
  }
  if (need.outputTokens > maxOutputTokens) {
    const [expected, actual] = [`answers of ${need.outputTokens} tokens`, `${maxOutputTokens} at most`];
    reasons.push(toReason({ code: 'CONTEXT_TOO_SMALL', expected, actual, fact, remedy: 'lower maxOutputTokens' }));
  }
  return reasons;
}

export function pinReasons({ need: { affinity } }: Question, { offering }: Candidate): readonly Reason[] {
  if (affinity?.isPinned !== true || affinity.offering === offering.id) return [];
  const remedy = "begin a new session there, from the task's own transcript";
  return [toReason({ code: 'STATE_PINNED', expected: affinity.offering, actual: offering.id, remedy })];
}

/** Where endpoints are configured, what has none cannot be called. */
export function configurationReasons({ deployments, need }: Question, { offering, placed }: Candidate): readonly Reason[] {
  if (deployments === null || placed !== undefined || !isServed(need.product)) return [];
  const remedy = `add an endpoint of ${offering.surface.id} at ${offering.place.name} with a deployment of ${offering.model}`;
  return [toReason({ code: 'NOT_CONFIGURED', expected: 'an endpoint', actual: 'none is configured', remedy })];
}

/** Endpoints serve models and managed agents; Codex is another program. */
function isServed(product: Product): boolean {
  return product === 'model' || product === 'managed-agent';
}
