/** Whether the tenant's policy lets it serve. What is not known fails, unless the policy says that it may serve with a warning. */
import type { Candidate, Question } from './candidate.ts';
import { grantOf, matches, priceOf } from './candidate.ts';
import type { ComplianceProgram, Fact, Retention, Scope } from './catalog.ts';
import { SCOPES } from './catalog.ts';
import { factAt, nextTurn } from './fact-in-force.ts';
import type { Geo } from './geo.ts';
import { ANYWHERE, areWithin } from './geo.ts';
import { stale, tooWeak, unknownSeverity } from './offered-rules.ts';
import { chargedPrice, formatUsd } from './price.ts';
import type { Reason, ReasonCode } from './reason.ts';
import { toReason } from './reason.ts';
import type { Capability } from './route.ts';
import type { PriceCap } from './tenant-policy.ts';

export function tenantReasons({ policy }: Question, { offering }: Candidate): readonly Reason[] {
  const { seller, upstream, partition } = offering.surface;
  const { standardCloud, clouds, deny, partitions } = policy;
  const reasons: Reason[] = [];
  if (clouds !== '*' && !clouds.includes(seller)) {
    const remedy = 'change clouds of the task';
    reasons.push(toReason({ code: 'TENANT_DENY', expected: clouds.join(', '), actual: seller, remedy }));
  }
  const denied = deny.find((each) => each === seller || each === upstream || (each.includes('/') && matches(each, offering.id)));
  if (denied !== undefined) {
    const remedy = 'change deny of the tenant';
    reasons.push(toReason({ code: 'TENANT_DENY', expected: `nothing of ${deny.join(', ')}`, actual: denied, remedy }));
  }
  if (policy.strictStandard && standardCloud !== null && seller !== standardCloud) {
    const remedy = 'strictStandard allows the standard cloud alone';
    reasons.push(toReason({ code: 'NOT_STANDARD_CLOUD', expected: standardCloud, actual: seller, remedy }));
  }
  if (upstream !== undefined && !policy.allowResellers) {
    const actual = `${seller} sells on what ${upstream} serves`;
    reasons.push(toReason({ code: 'RESELLER', expected: 'no reseller', actual, remedy: 'set allowResellers' }));
  }
  if (!partitions.includes(partition)) {
    reasons.push(
      toReason({ code: 'PARTITION', expected: partitions.join(', '), actual: partition, remedy: 'add it to partitions' }),
    );
  }
  return reasons;
}

export function residencyReasons(question: Question, { offering: { place } }: Candidate): readonly Reason[] {
  const { processing, storage, maxScope } = question.policy.residency;
  if (processing === '*' && storage === '*' && maxScope === 'global') return [];
  const reasons: Reason[] = [];
  // Whoever names places means none outside them: a global offering is too wide even before its places are asked for.
  const widest: Scope = processing !== '*' && maxScope === 'global' ? 'geo' : maxScope;
  if (processing !== '*' && !areWithin(place.processing, processing)) {
    reasons.push(misplaced(question, { code: 'RESIDENCY_PROCESSING', allowed: processing, actual: place.processing }));
  }
  if (SCOPES.indexOf(place.scope) > SCOPES.indexOf(widest)) {
    const remedy = 'configure a deployment of a narrower scope, where the cloud has one';
    reasons.push(toReason({ code: 'SCOPE_TOO_WIDE', expected: `${widest} at most`, actual: place.scope, remedy }));
  }
  // A resource's geography is chosen when it is made: nothing is wrong before there is one.
  if (storage !== '*' && place.storage !== 'chosen' && !areWithin(place.storage, storage)) {
    reasons.push(misplaced(question, { code: 'RESIDENCY_STORAGE', allowed: storage, actual: place.storage }));
  }
  return reasons;
}

function misplaced(
  question: Question,
  { code, allowed, actual }: { readonly code: ReasonCode; readonly allowed: readonly Geo[]; readonly actual: readonly Geo[] },
): Reason {
  const isUnknown = actual.length === 0;
  const where = actual.map((geo) => (geo === ANYWHERE ? 'anywhere' : geo)).join(', ');
  return toReason({
    code,
    severity: isUnknown ? unknownSeverity(question.policy) : 'hard',
    expected: `within ${allowed.join(', ')}`,
    actual: isUnknown ? 'not known' : where,
    remedy: isUnknown
      ? 'give the endpoint its region, and the region its geography under catalog'
      : 'use a place within the residency',
  });
}

export function complianceReasons(question: Question, candidate: Candidate): readonly Reason[] {
  const reasons: Reason[] = [];
  for (const program of question.policy.compliance) reasons.push(...programReasons(question, candidate, program));
  return reasons;
}

function programReasons(question: Question, { offering }: Candidate, program: ComplianceProgram): readonly Reason[] {
  const facts = offering.surface.compliance[program] ?? [];
  const fact = factAt(facts, question.at);
  const clearsOn = nextTurn(facts, question.at, (value) => value === 'yes')?.day;
  if (fact?.value === 'yes') return trusted(question, fact);
  if (fact?.value === 'no') {
    return [
      toReason({
        code: 'COMPLIANCE_NO',
        expected: program,
        actual: 'no',
        fact,
        clearsOn,
        remedy: 'choose another cloud or partition',
      }),
    ];
  }
  const remedy = `ask the cloud for its ${program} report, then say so under catalog in the configuration`;
  const severity = unknownSeverity(question.policy);
  return [toReason({ code: 'COMPLIANCE_UNKNOWN', severity, expected: program, actual: 'not known', fact, clearsOn, remedy })];
}

/** Whatever a cloud says: we ask for none of it where nothing may be kept. */
const STORES_WHAT_IS_SENT: readonly Capability[] = ['background', 'stored-state'];

/** What a policy asks for has to be known well, and of late. */
function trusted(question: Question, fact: Fact<unknown>): readonly Reason[] {
  return [...tooWeak(question, fact, 'hard'), ...stale(question, fact, 'compliance')];
}

export function retentionReasons(question: Question, candidate: Candidate): readonly Reason[] {
  const { policy, at } = question;
  if (!policy.zeroRetention && policy.maxFlaggedDays === null) return [];
  const fact = factAt(candidate.offering.surface.retention, at);
  return [
    ...(policy.zeroRetention ? [...zeroRetentionReasons(question, candidate), ...blockedReasons(question, fact)] : []),
    ...flaggedReasons(question, fact),
  ];
}

function blockedReasons({ need }: Question, fact: Fact<Retention> | undefined): readonly Reason[] {
  const blocked = [...STORES_WHAT_IS_SENT, ...(fact?.value.blocks ?? [])];
  return need.capabilities
    .filter((each) => blocked.includes(each))
    .map((capability) => {
      const remedy = `a task without ${capability} may be served there`;
      const told = { expected: capability, actual: 'not under zero retention', fact, remedy };
      return toReason({ code: 'RETENTION_BLOCKS_CAPABILITY', ...told });
    });
}

/** What abuse detection flagged is kept under zero retention too. */
function flaggedReasons(question: Question, fact: Fact<Retention> | undefined): readonly Reason[] {
  const { maxFlaggedDays: most } = question.policy;
  const kept = fact?.value.flaggedDays ?? null;
  if (most === null) return [];
  if (fact !== undefined && kept !== null && kept <= most) return trusted(question, fact);
  const actual = kept === null ? 'not known' : `${kept} days`;
  const severity = kept === null ? unknownSeverity(question.policy) : 'hard';
  const remedy = 'ask the cloud for an exemption, then say so under catalog in the configuration';
  const expected = `flagged traffic kept ${most} days at most`;
  return [toReason({ code: 'RETENTION', severity, expected, actual, fact, remedy })];
}

function zeroRetentionReasons(question: Question, candidate: Candidate): readonly Reason[] {
  const fact = factAt(candidate.offering.surface.retention, question.at);
  const expected = 'zero retention';
  switch (fact?.value.zeroRetention) {
    case 'yes':
      return trusted(question, fact);
    case 'no':
      return [toReason({ code: 'RETENTION', expected, actual: 'it keeps what is sent', fact, remedy: 'choose another cloud' })];
    case 'on-approval': {
      if (grantOf(candidate, question.policy, question.at).now?.zeroRetention === true) return [];
      const remedy = `when the account has it, add { offering: "${candidate.offering.id}", zeroRetention: true } to the tenant's entitlements`;
      return [toReason({ code: 'RETENTION', expected, actual: 'on approval, or by a setting of the account', fact, remedy })];
    }
    case 'unknown':
    case undefined: {
      const remedy = 'ask the cloud, then say so under catalog in the configuration';
      return [
        toReason({ code: 'RETENTION', severity: unknownSeverity(question.policy), expected, actual: 'not known', fact, remedy }),
      ];
    }
  }
}

export function priceReasons(question: Question, candidate: Candidate): readonly Reason[] {
  const { need, at, policy } = question;
  const fact = candidate.placed?.ownPrices !== undefined ? undefined : factAt(candidate.offering.price, at);
  const old = fact === undefined ? [] : stale(question, fact, 'price');
  const listed = priceOf(candidate, at);
  const price = listed === undefined ? undefined : chargedPrice(listed, need.inputTokens);
  const isCapped = Object.keys(policy.priceCap).length > 0;
  const weak = fact === undefined || !isCapped ? [] : tooWeak(question, fact, 'hard');
  if (isWithinCap(price, policy.priceCap)) return weak.length === 0 ? old : [...weak, ...old];
  const actual = price === undefined ? 'no price is known' : inAndOut(price);
  const expected = `at most ${inAndOut(policy.priceCap)} per million tokens`;
  const remedy = price === undefined ? 'give the deployment its price' : 'raise priceCap, or ask for a cheaper model';
  return [toReason({ code: 'PRICE_CAP', expected, actual, fact, remedy }), ...weak, ...old];
}

function isWithinCap(price: PriceCap | undefined, cap: PriceCap): boolean {
  const { inputUsdMicrosPerMillion: input = Infinity, outputUsdMicrosPerMillion: output = Infinity } = price ?? {};
  const { inputUsdMicrosPerMillion: mostInput = Infinity, outputUsdMicrosPerMillion: mostOutput = Infinity } = cap;
  return input <= mostInput && output <= mostOutput;
}

function inAndOut({ inputUsdMicrosPerMillion: input, outputUsdMicrosPerMillion: output }: PriceCap): string {
  const parts = [input === undefined ? [] : [`${formatUsd(input)} in`], output === undefined ? [] : [`${formatUsd(output)} out`]];
  return parts.flat().join(', ');
}
