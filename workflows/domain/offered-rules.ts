/** Whether it is sold on that day, how surely, to whom, and until when. */
import type { Candidate, Question } from './candidate.ts';
import { firstShipTerm, grantOf } from './candidate.ts';
import type { EntitlementKind, Fact, Retirement, Stage } from './catalog.ts';
import { daysBetween, evidenceOf, factAt, isWeaker, nextTurn } from './fact-in-force.ts';
import type { Reason } from './reason.ts';
import { toReason } from './reason.ts';
import type { LeastStage } from './tenant-policy.ts';
import { LEAST_STAGES } from './tenant-policy.ts';

const SAY_SO = 'if your account has it, say so under catalog in the configuration';

export function stageReasons(question: Question, candidate: Candidate): readonly Reason[] {
  const { at, policy, need } = question;
  const fact = factAt(candidate.offering.stage, at);
  if (fact === undefined) return [notOffered(question, candidate), ...unknownStage(question, candidate)];
  const old = fact.value === 'retired' || fact.value === 'suspended' ? [] : stale(question, fact, 'stage');
  if (!isServed(fact.value)) return [notServed(question, candidate, fact), ...old];
  const low = tooLow(question, candidate, { fact, least: policy.minStage[need.product] });
  const weak = tooWeak(question, fact, candidate.placed === undefined ? 'hard' : 'soft');
  return low.length + weak.length === 0 ? old : [...low, ...weak, ...old];
}

function notServed({ at }: Question, { offering }: Candidate, fact: Fact<Stage>): Reason {
  const expected = `sold on ${at.asOf}`;
  const clearsOn = nextTurn(offering.stage, at, isServed)?.day;
  if (fact.value === 'retired') return toReason({ code: 'RETIRED', expected, actual: `retired on ${fact.from}`, fact, clearsOn });
  if (fact.value === 'suspended') {
    return toReason({ code: 'SUSPENDED', expected, actual: `suspended since ${fact.from}`, fact, clearsOn });
  }
  return toReason({ code: 'NOT_YET', expected, actual: fact.value, fact, clearsOn, remedy: SAY_SO });
}

/** A configured deployment is evidence itself: silence of the catalog is a warning then. */
function notOffered(question: Question, candidate: Candidate): Reason {
  const { at } = question;
  const { offering, placed } = candidate;
  const expected = `sold on ${at.asOf}`;
  const next = nextTurn(offering.stage, at, isServed);
  if (next !== undefined) {
    const { day, fact } = next;
    const actual = `begins on ${day}${fact.atLatest === true ? ' at the latest' : ''}`;
    return toReason({ code: 'NOT_YET', expected, actual, fact, clearsOn: day });
  }
  const term = firstShipTerm(question.catalog, at.asOf);
  const actual = 'no fact says so';
  if (placed !== undefined) {
    const remedy = `taken from the configuration; ${sayingSo(candidate, at.asOf)}`;
    return toReason({ code: 'NOT_OFFERED', severity: 'soft', expected, actual, remedy });
  }
  const remedy =
    term?.favours !== offering.surface.seller
      ? SAY_SO
      : `expected under first-ship (${term.id}), which is no evidence; confirm with ${offering.surface.seller}, then ${SAY_SO}`;
  return toReason({ code: 'NOT_OFFERED', expected, actual, remedy });
}

/** Silence is no reason against what is configured, unless the tenant asks for a stage. */
function unknownStage({ at, policy, need }: Question, candidate: Candidate): readonly Reason[] {
  const least = policy.minStage[need.product];
  if (candidate.placed === undefined || least === LEAST_STAGES[0]) return [];
  const remedy = `${sayingSo(candidate, at.asOf)}; or leave out minStage`;
  const severity = unknownSeverity(policy);
  return [toReason({ code: 'STAGE_TOO_LOW', severity, expected: `at least ${least}`, actual: 'not known', remedy })];
}

/** What to write, word for word, for a place that the surface has; of any other the place comes first. */
function sayingSo({ offering }: Candidate, day: string): string {
  const { surface, place, model } = offering;
  if (!Object.hasOwn(surface.places, place.name)) return 'add what you know of it under catalog';
  const stage = `stage: [{ value: ga, from: ${day}, sources: [{ url: WHO SAYS SO, seenOn: ${day} }] }]`;
  return `to say that it is there, add { surface: ${surface.id}, places: [${place.name}], model: ${model}, ${stage} } to catalog.offerings`;
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
  const clearsOn = nextTurn(offering.stage, at, (stage) => isServed(stage) && levelOf(stage) >= levelOf(least))?.day;
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
      // What a policy asks for and nobody has looked at for so long counts as not known.
      severity: kind === 'compliance' ? unknownSeverity(policy) : 'soft',
      expected: `looked at within ${most} days`,
      actual: `${kind} last looked at on ${fact.verifiedOn}, ${days} days before`,
      fact,
      remedy: 'look again, then say so under catalog in the configuration',
    }),
  ];
}

export function unknownSeverity({ onUnknown }: Question['policy']): Reason['severity'] {
  return onUnknown === 'deny' ? 'hard' : 'soft';
}

export function retirementReasons(question: Question, candidate: Candidate): readonly Reason[] {
  const { at } = question;
  const { stage, retirement } = candidate.offering;
  if (stage.length === 0 && retirement.length === 0) return [];
  const fact = factAt(retirement, at);
  const { shutdown } = fact?.value ?? {};
  if (shutdown !== undefined && shutdown <= at.asOf) {
    const actual = `shut down on ${shutdown}`;
    return [toReason({ code: 'RETIRED', expected: `sold on ${at.asOf}`, actual, fact, remedy: replacementFor(fact) })];
  }
  const closed = closedToNew(question, candidate, fact);
  const now = factAt(stage, at)?.value;
  // What is not served now has its reason already.
  const ends = now === undefined || isServed(now) ? endsTooSoon(question, candidate, fact) : undefined;
  return ends === undefined ? closed : [ends, ...closed];
}

/** By its announced end, or by what is known to be retired or suspended on a later day. */
function endsTooSoon({ at, need }: Question, { offering }: Candidate, fact: Fact<Retirement> | undefined): Reason | undefined {
  const gone = nextTurn(offering.stage, at, isTakenAway);
  const shutdown = fact?.value.shutdown;
  const end = shutdown === undefined || (gone !== undefined && gone.day < shutdown) ? gone : { day: shutdown, fact };
  if (end === undefined || daysBetween(at.asOf, end.day) > need.durationDays) return undefined;
  const expected = `served for ${need.durationDays} days`;
  const remedy = replacementFor(fact);
  return toReason({ code: 'RETIRES_DURING_TASK', expected, actual: `ends on ${end.day}`, fact: end.fact, remedy });
}

function isTakenAway(stage: Stage): boolean {
  return stage === 'retired' || stage === 'suspended';
}

function closedToNew({ at, policy }: Question, candidate: Candidate, fact: Fact<Retirement> | undefined): readonly Reason[] {
  const until = fact?.value.newCustomersUntil;
  if (until === undefined || until > at.asOf || candidate.placed !== undefined) return [];
  const { now, next } = grantOf(candidate, policy, at);
  if (now !== undefined) return [];
  const actual = `for those who used it before ${until} alone`;
  const told = { expected: 'open to new customers', actual, fact, clearsOn: next?.from, remedy: grantRemedy(candidate) };
  return [toReason({ code: 'NOT_ENTITLED', ...told })];
}

function replacementFor(fact: Fact<Retirement> | undefined): string {
  return `ask for ${fact?.value.replacement ?? 'another model'}`;
}

export function entitlementReasons(question: Question, candidate: Candidate): readonly Reason[] {
  const fact = factAt(candidate.offering.entitlement, question.at);
  const isOpen = fact === undefined || fact.value === 'open';
  return isOpen && question.policy.entitlements.length === 0 ? [] : grantReasons(question, candidate, fact);
}

function grantReasons(
  { at, need, policy }: Question,
  candidate: Candidate,
  fact: Fact<EntitlementKind> | undefined,
): readonly Reason[] {
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
  const opens = nextTurn(candidate.offering.entitlement, at, (kind) => kind === 'open')?.day;
  const clearsOn = [next?.from, opens].filter((day) => day !== undefined).toSorted()[0];
  const remedy = grantRemedy(candidate);
  return [
    toReason({ code: 'NOT_ENTITLED', expected: 'granted to the tenant', actual: `needs ${fact.value}`, fact, clearsOn, remedy }),
  ];
}

function grantRemedy({ offering }: Candidate): string {
  return `when it has been granted, add { offering: "${offering.id}" } to the tenant's entitlements`;
}
