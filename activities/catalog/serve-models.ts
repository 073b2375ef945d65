/**
 * A service that runs over the models of another surface, such as Codex over a cloud's models: it sells each model where both are,
 * from the day on which both are there, as the weaker of the two.
 */
import type { EntitlementKind, Fact, Offering, Stage, Surface } from '../../workflows/domain/catalog.ts';
import { offeringId } from '../../workflows/domain/catalog.ts';
import { evidenceOf, isWeaker } from '../../workflows/domain/fact-in-force.ts';
import { overlap } from './facts.ts';
import { earliest, laidOut, latest, uncovered } from './lay-facts.ts';

export interface Service {
  readonly surface: Surface;
  readonly serves: string;
  readonly stage: readonly Fact<Stage>[];
  readonly entitlement: readonly Fact<EntitlementKind>[];
}

/** Least available first. */
const BY_AVAILABILITY = [
  'retired',
  'suspended',
  'unlisted',
  'announced',
  'private-preview',
  'limited-preview',
  'public-preview',
  'deprecated',
  'ga',
] as const satisfies readonly Stage[];

/** The service's offerings over these models. */
export function serveModels({ surface, serves, stage, entitlement }: Service, models: readonly Offering[]): readonly Offering[] {
  return models.flatMap((served): readonly Offering[] => {
    const { name } = served.place;
    const place = Object.hasOwn(surface.places, name) ? surface.places[name] : undefined;
    if (served.surface.id !== serves || place === undefined) return [];
    const id = offeringId(surface.id, place.name, served.model);
    const both = <Value>(what: string, pair: Pair<Value>): readonly Fact<Value>[] => intersect(`${id}#${what}`, pair);
    return [
      {
        ...served,
        id,
        surface,
        place,
        capabilities: surface.capabilities,
        stage: both('stage', { of: stage, and: served.stage, pick: weakerStage }),
        entitlement: bothOrEither(entitlement, served.entitlement, (pair) => both('entitlement', { ...pair, pick: stricter })),
      },
    ];
  });
}

/** On days of which one says nothing, what the other says holds. */
function bothOrEither<Value>(
  of: readonly Fact<Value>[],
  and: readonly Fact<Value>[],
  both: (pair: Omit<Pair<Value>, 'pick'>) => readonly Fact<Value>[],
): readonly Fact<Value>[] {
  return [...both({ of, and }), ...uncovered(laidOut(of), and), ...uncovered(laidOut(and), of)];
}

interface Pair<Value> {
  readonly of: readonly Fact<Value>[];
  readonly and: readonly Fact<Value>[];
  readonly pick: (one: Value, other: Value) => Value;
}

/** What holds when both hold: for every two facts that meet, in the world and in what we believe, one of their common time. */
function intersect<Value>(owner: string, { of, and, pick }: Pair<Value>): readonly Fact<Value>[] {
  const others = laidOut(and);
  const met = laidOut(of).flatMap((one) =>
    others.flatMap((other) => (overlap(one, other) ? [meet({ one, other, value: pick(one.value, other.value) })] : [])),
  );
  return met.map((fact, index) => {
    const id = `${owner}@${fact.from}${fact.by === 'operator' ? '/operator' : ''}`;
    const isTaken = met.slice(0, index).some(({ from, by }) => from === fact.from && by === fact.by);
    return { ...fact, id: isTaken ? `${id}~${fact.recordedAt}` : id };
  });
}

function meet<Value>({ one, other, value }: { one: Fact<Value>; other: Fact<Value>; value: Value }): Fact<Value> {
  const conflicts = [...(one.conflicts ?? []), ...(other.conflicts ?? [])];
  return {
    id: '',
    value,
    from: latest(one.from, other.from),
    to: earliest(one.to, other.to),
    ...((one.atLatest ?? other.atLatest) === true ? { atLatest: true as const } : {}),
    recordedAt: latest(one.recordedAt, other.recordedAt),
    supersededAt: earliest(one.supersededAt, other.supersededAt),
    verifiedOn: one.verifiedOn < other.verifiedOn ? one.verifiedOn : other.verifiedOn,
    sources: weakerSources(one, other),
    ...(conflicts.length === 0 ? {} : { conflicts }),
    by: one.by === 'operator' ? one.by : other.by,
  };
}

/** A chain is as good as its weaker link, so the sources of that one stand for both. */
function weakerSources(one: Fact<unknown>, other: Fact<unknown>): Fact<unknown>['sources'] {
  return isWeaker(evidenceOf(one), evidenceOf(other)) ? one.sources : other.sources;
}

function weakerStage(one: Stage, other: Stage): Stage {
  return BY_AVAILABILITY.indexOf(one) < BY_AVAILABILITY.indexOf(other) ? one : other;
}

/** One thing is asked for at a time: the service's own condition first. */
function stricter(service: EntitlementKind, model: EntitlementKind): EntitlementKind {
  return service === 'open' ? model : service;
}
