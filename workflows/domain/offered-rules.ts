/** Whether it is sold on that day, how surely, to whom, and until when. */
import type { Candidate, Question } from './candidate.ts';
import { firstShipTerm, grantOf } from './candidate.ts';
import type { Fact, Stage } from './catalog.ts';
import { daysBetween, evidenceOf, factAt, isWeaker, nextFact } from './fact-in-force.ts';
import type { Reason } from './reason.ts';
import { toReason } from './reason.ts';
import type { LeastStage } from './tenant-policy.ts';
import { LEAST_STAGES } from './tenant-policy.ts';

const SAY_SO = 'if your account has it, say so under catalog in the configuration';

export function stageReasons(question: Question, candidate: Candidate): readonly Reason[] {
  const { at, policy, need } = question;
  const fact = factAt(candidate.offering.stage, at);
  if (fact === undefined) return [notOffered(question, candidate)];
  if (isServed(fact.value)) {
    return [
      ...tooLow(question, candidate, { fact, least: policy.minStage[need.product] }),
      ...tooWeak(question, fact, candidate.placed === undefined ? 'hard' : 'soft'),
      ...stale(question, fact, 'stage'),
    ];
  }
  return [notServed(question, candidate, fact), ...(fact.value === 'unlisted' ? stale(question, fact, 'stage') : [])];
}

function notServed({ at }: Question, { offering }: Candidate, fact: Fact<Stage>): Reason {
  const expected = `sold on ${at.asOf}`;
  const clearsOn = nextFact(offering.stage, at, isServed)?.from;
  if (fact.value === 'retired') return toReason({ code: 'RETIRED', expected, actual: `retired on ${fact.from}`, fact, clearsOn });
  if (fact.value === 'suspended') {
    return toReason({ code: 'SUSPENDED', expected, actual: `suspended since ${fact.from}`, fact, clearsOn: clearsOn ?? fact.to });
  }
  return toReason({ code: 'NOT_YET', expected, actual: fact.value, fact, clearsOn, remedy: SAY_SO });
}

/** A configured deployment is evidence itself: silence of the catalog is a warning then. */
function notOffered(question: Question, candidate: Candidate): Reason {
  const { at } = question;
  const { offering, placed } = candidate;
  const expected = `sold on ${at.asOf}`;
  const next = nextFact(offering.stage, at, isServed);
  if (next !== undefined) {
    const actual = `begins on ${next.from}${next.atLatest === true ? ' at the latest' : ''}`;
    return toReason({ code: 'NOT_YET', expected, actual, fact: next, clearsOn: next.from });
  }
  const term = firstShipTerm(question, candidate);
  const actual = 'no fact says so';
  if (placed !== undefined) {
    const remedy = 'taken from the configuration; add what you know of it under catalog';
    return toReason({ code: 'NOT_OFFERED', severity: 'soft', expected, actual, remedy });
  }
  const remedy =
    term === undefined
      ? `no fact says that ${offering.surface.seller} sells it there: ${SAY_SO}`
      : `expected under first-ship (${term.id}), which is no evidence; confirm with ${offering.surface.seller}, then ${SAY_SO}`;
  return toReason({ code: 'NOT_OFFERED', expected, actual, remedy });
}

function isServed(stage: Stage): boolean {
  return stage === 'deprecated' || (LEAST_STAGES as readonly Stage[]).includes(stage);
}

function tooLow(
  { at }: Question,
  { offering }: Candidate,
  { fact, least }: { readonly fact: Fact<Stage>; readonly least: LeastStage },
): readonly Reason[] {
  if (levelOf(fact.value) >= levelOf(least)) return [];
  const clearsOn = nextFact(offering.stage, at, (stage) => isServed(stage) && levelOf(stage) >= levelOf(least))?.from;
  const remedy = `wait for it, or lower minStage to ${fact.value}`;
  return [toReason({ code: 'STAGE_TOO_LOW', expected: `at least ${least}`, actual: fact.value, fact, clearsOn, remedy })];
}

/** What is deprecated has been through all of them. */
function levelOf(stage: Stage): number {
  return stage === 'deprecated' ? LEAST_STAGES.length : (LEAST_STAGES as readonly Stage[]).indexOf(stage);
}

/** Of a fact that a decision rests on. */
export function tooWeak({ policy }: Question, fact: Fact<unknown>, severity: Reason['severity']): readonly Reason[] {
  const grade = evidenceOf(fact);
  if (!isWeaker(grade, policy.minEvidence)) return [];
  const remedy = 'confirm it, then say so under catalog in the configuration, or lower minEvidence';
  return [
    toReason({ code: 'EVIDENCE_TOO_WEAK', severity, expected: `at least ${policy.minEvidence}`, actual: grade, fact, remedy }),
  ];
}

/** A fact last looked at too long before the day that is asked about. */
export function stale({ at, policy }: Question, fact: Fact<unknown>, kind: 'stage' | 'price' | 'compliance'): readonly Reason[] {
  const days = daysBetween(fact.verifiedOn, at.asOf);
  const most = policy.maxFactAgeDays[kind];
  if (days <= most) return [];
  return [
    toReason({
      code: 'FACT_STALE',
      severity: kind === 'compliance' ? 'hard' : 'soft',
      expected: `looked at within ${most} days`,
      actual: `${kind} last looked at on ${fact.verifiedOn}, ${days} days before`,
      fact,
      remedy: 'look again, then say so under catalog in the configuration',
    }),
  ];
}

export function retirementReasons({ at, need, policy }: Question, candidate: Candidate): readonly Reason[] {
  const fact = factAt(candidate.offering.retirement, at);
  if (fact === undefined) return [];
  const { shutdown, newCustomersUntil, replacement } = fact.value;
  const remedy = replacement === undefined ? 'ask for another model' : `ask for ${replacement}`;
  if (shutdown !== undefined && shutdown <= at.asOf) {
    return [toReason({ code: 'RETIRED', expected: `sold on ${at.asOf}`, actual: `shut down on ${shutdown}`, fact, remedy })];
  }
  const reasons: Reason[] = [];
  if (shutdown !== undefined && daysBetween(at.asOf, shutdown) < need.durationDays) {
    const expected = `served for ${need.durationDays} days`;
    reasons.push(toReason({ code: 'RETIRES_DURING_TASK', expected, actual: `shut down on ${shutdown}`, fact, remedy }));
  }
  const isNew = candidate.placed === undefined && grantOf(candidate, policy, at).now === undefined;
  if (newCustomersUntil !== undefined && newCustomersUntil <= at.asOf && isNew) {
    const actual = `for those who used it before ${newCustomersUntil} alone`;
    reasons.push(
      toReason({ code: 'NOT_ENTITLED', expected: 'open to new customers', actual, fact, remedy: grantRemedy(candidate) }),
    );
  }
  return reasons;
}

export function entitlementReasons({ at, need, policy }: Question, candidate: Candidate): readonly Reason[] {
  const fact = factAt(candidate.offering.entitlement, at);
  const { now, next } = grantOf(candidate, policy, at);
  if (now !== undefined) {
    const tokens = need.inputTokens + need.outputTokens;
    if (now.tokensPerMinute === undefined || tokens <= now.tokensPerMinute) return [];
    const [expected, actual] = [`${tokens} tokens in a request`, `${now.tokensPerMinute} tokens a minute granted`];
    return [
      toReason({
        code: 'NO_QUOTA',
        expected,
        actual,
        remedy: 'ask for more quota, then raise tokensPerMinute of the entitlement',
      }),
    ];
  }
  if (fact === undefined || fact.value === 'open') return [];
  if (fact.value === 'quota-request') {
    // Nobody has a deployment without a quota for it.
    if (candidate.placed !== undefined) return [];
    const remedy = 'listed is not obtainable: ask for the quota first';
    return [toReason({ code: 'NO_QUOTA', severity: 'soft', expected: 'a quota', actual: 'on request', fact, remedy })];
  }
  const opens = nextFact(candidate.offering.entitlement, at, (kind) => kind === 'open')?.from;
  const clearsOn = [next?.from, opens].filter((day) => day !== undefined).toSorted()[0];
  const remedy = grantRemedy(candidate);
  return [
    toReason({ code: 'NOT_ENTITLED', expected: 'granted to the tenant', actual: `needs ${fact.value}`, fact, clearsOn, remedy }),
  ];
}

function grantRemedy({ offering }: Candidate): string {
  return `when it has been granted, add { offering: "${offering.id}" } to the tenant's entitlements`;
}
