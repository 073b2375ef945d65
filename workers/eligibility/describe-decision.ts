/** A decision for people: who may serve, in which order and why, who may not and why, and what is nearest. */
import type { DecisionInputs, RecordedDecision } from '../../activities/eligibility/record-decision.ts';
import type { Candidate } from '../../workflows/domain/candidate.ts';
import { candidatesOf, firstShipTerm } from '../../workflows/domain/candidate.ts';
import type { Catalog, Fact, Place } from '../../workflows/domain/catalog.ts';
import type { EligibleOffering, ExcludedOffering } from '../../workflows/domain/eligibility.ts';
import { routeOf } from '../../workflows/domain/eligibility.ts';
import { factAt } from '../../workflows/domain/fact-in-force.ts';
import { formatUsd } from '../../workflows/domain/price.ts';
import { SORT_KEY_PARTS } from '../../workflows/domain/route-order.ts';
import { factsById } from './describe-fact.ts';
import { describeReason } from './describe-reason.ts';
import { counted, toIdCell, toParagraph, toStageCell, toTable } from './layout.ts';

export interface Asked {
  readonly catalog: Catalog;
  readonly inputs: DecisionInputs;
  readonly decision: RecordedDecision;
  /** Why no deployment was asked about; absent: those that are configured were. */
  readonly catalogAlone?: string;
}

type Named = Pick<ExcludedOffering, 'offeringId' | 'deploymentId'>;

export function describeDecision(asked: Asked): string {
  const facts = factsById(asked.catalog);
  const { eligible, excluded } = asked.decision;
  const paragraphs = [
    describeQuestion(asked),
    ...(eligible.length === 0 ? [] : [describeRoute(asked)]),
    ...describeWarnings(eligible, facts),
    ...(excluded.length === 0 ? [] : [`Not eligible (${excluded.length}):`]),
    ...describeJudged(excluded, facts),
    ...describeNearest(asked.decision),
  ];
  return paragraphs.join('\n\n');
}

function describeQuestion({ inputs, decision, catalogAlone }: Asked): string {
  const { need, policy } = inputs;
  const { asOf, knownAt, id, catalogDigest, policyDigest, engineVersion } = decision;
  const needs = need.capabilities.length === 0 ? '' : `, with ${need.capabilities.join(', ')}`;
  const size = `${need.inputTokens} tokens in and ${need.outputTokens} out, ${counted(need.durationDays, 'day')}${needs}`;
  return [
    `${need.model} (product ${need.product}) for tenant ${policy.tenant}, as of ${asOf}, known at ${knownAt}`,
    `Asked: ${size}`,
    `Outcome: ${outcomeInWords(decision)}`,
    `Decision ${id} (catalog ${catalogDigest}, policy ${policyDigest}, engine ${engineVersion})`,
    ...(catalogAlone === undefined ? [] : [`${catalogAlone}: the catalog alone was asked`]),
  ]
    .map((line) => toParagraph('', line))
    .join('\n');
}

function outcomeInWords({ outcome, eligible, excluded }: RecordedDecision): string {
  switch (outcome) {
    case 'ok':
      return `${counted(eligible.length, 'offering')} may serve, ${routeOf({ eligible }).length - 1} of them after a failover (ok)`;
    case 'single-no-failover':
      return eligible.length === 1
        ? 'one offering may serve, and there is nowhere to fail over to (single-no-failover)'
        : `${eligible.length} offerings may serve, but the policy lets no task fail over from the first (single-no-failover)`;
    case 'none-eligible':
      return `nobody may serve it, of ${counted(excluded.length, 'offering')} that were asked (none-eligible)`;
  }
}

function describeRoute(asked: Asked): string {
  const candidates = new Map(candidatesOf({ catalog: asked.catalog, ...asked.inputs }).map((each) => [keyOf(each), each]));
  const rows = asked.decision.eligible.map((each) => {
    const candidate = candidates.get(`${each.offeringId} ${each.deploymentId ?? ''}`);
    return toRow(each, candidate, asked);
  });
  const head = ['rank', 'deployment, offering', 'stage', 'where', 'request', 'failover', 'warnings'];
  return [toTable(head, rows), ...describeOrder(asked)].join('\n');
}

function keyOf({ offering, placed }: Candidate): string {
  return `${offering.id} ${placed?.deployment.id ?? ''}`;
}

function toRow(each: EligibleOffering, candidate: Candidate | undefined, { inputs }: Asked): readonly string[] {
  const stage = candidate === undefined ? undefined : factAt(candidate.offering.stage, inputs.at)?.value;
  const names = [each.deploymentId, each.offeringId].filter((name) => name !== undefined);
  return [
    String(each.rank),
    [...names.map(toIdCell), ...(each.by === 'operator' ? ['(by operator’s facts)'] : [])].join('\n'),
    toStageCell(stage ?? 'not known'),
    candidate === undefined ? '' : describePlace(candidate.offering.place),
    requestPrice(each),
    each.failover.mode.replace(/-(request|checkpoint)$/, '-\n$1'),
    [...new Set(each.warnings.map(({ code }) => code))].join('\n'),
  ];
}

function describePlace({ scope, processing }: Place): string {
  const where = processing.map((geo) => (geo === '*' ? 'anywhere' : geo));
  return [scope, ...(where.length === 0 ? ['not known'] : where)].join('\n');
}

/** Of the size that was asked, as the order has it. */
function requestPrice({ sortKey }: EligibleOffering): string {
  const usdMicros = sortKey[SORT_KEY_PARTS.indexOf('price of a request')];
  return typeof usdMicros !== 'number' || usdMicros === Number.MAX_SAFE_INTEGER ? 'not known' : formatUsd(usdMicros);
}

/** What put each behind the one before: of a contract's term it has to be seen that it decided. */
function describeOrder({ catalog, decision: { eligible, asOf } }: Asked): readonly string[] {
  const steps = eligible.slice(1).map((each, index) => {
    const before = eligible[index]?.sortKey ?? [];
    const part = SORT_KEY_PARTS[each.sortKey.findIndex((value, at) => value !== before[at])] ?? 'offering';
    const term = part === 'first-ship' ? firstShipTerm(catalog, asOf) : undefined;
    const under = term === undefined ? '' : ` (the contract term ${term.id} breaks the tie)`;
    return `${index} before ${each.rank} by ${part}${under}`;
  });
  return steps.length === 0 ? [] : [toParagraph('Order: ', steps.join('; '))];
}

function describeWarnings(eligible: readonly EligibleOffering[], facts: ReadonlyMap<string, Fact<unknown>>): readonly string[] {
  const warned = eligible.filter(({ warnings }) => warnings.length > 0);
  if (warned.length === 0) return [];
  return [
    'Warnings:',
    ...describeJudged(
      warned.map(({ warnings, ...name }) => ({ ...name, reasons: warnings })),
      facts,
    ),
  ];
}

/** Those of which exactly the same is to be said stand together, above it. */
function describeJudged(judged: readonly ExcludedOffering[], facts: ReadonlyMap<string, Fact<unknown>>): readonly string[] {
  const alike = Map.groupBy(judged, ({ reasons }) => reasons.flatMap((reason) => describeReason(reason, facts)).join('\n'));
  return [...alike].map(([reasons, those]) => [...those.map(nameOf), reasons].join('\n'));
}

function describeNearest({ nearestMiss, eligible }: RecordedDecision): readonly string[] {
  if (nearestMiss === undefined) return [];
  const missing = nearestMiss.onlyMissing.map(({ code, clearsOn, remedy }) => {
    const details = [clearsOn === undefined ? [] : [`clears on ${clearsOn}`], remedy ?? []].flat().join('; ');
    return `${code}${details === '' ? '' : ` (${details})`}`;
  });
  const as = eligible.length === 0 ? 'Nearest: ' : 'Nearest of those: ';
  return [toParagraph(as, `${nameOf(nearestMiss)} lacks only ${missing.join(', ')}`)];
}

function nameOf({ deploymentId, offeringId }: Named): string {
  return deploymentId === undefined ? offeringId : `${deploymentId} (${offeringId})`;
}
