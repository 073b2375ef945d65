/**
 * A service that runs over the models of another surface, such as Codex over a cloud's models: it sells each model where both are,
 * from the day on which both are there, as the weaker of the two.
 */
import type { EntitlementKind, Fact, Offering, Stage, Surface } from '../../workflows/domain/catalog.ts';
import { offeringId } from '../../workflows/domain/catalog.ts';
import { evidenceOf, isWeaker } from '../../workflows/domain/fact-in-force.ts';

import { overlap } from './facts.ts';

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
    const place = surface.places[served.place.name];
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
        entitlement: both('entitlement', { of: entitlement, and: served.entitlement, pick: stricter }),
      },
    ];
  });
}

interface Pair<Value> {
  readonly of: readonly Fact<Value>[];
  readonly and: readonly Fact<Value>[];
  readonly pick: (one: Value, other: Value) => Value;
}

/** What holds when both hold: for every two facts that meet, in the world and in what we believe, one of their common time. */
function intersect<Value>(owner: string, { of, and, pick }: Pair<Value>): readonly Fact<Value>[] {
  return of.flatMap((one) =>
    and.flatMap((other) => (overlap(one, other) ? [meet(owner, { one, other, value: pick(one.value, other.value) })] : [])),
  );
}

function meet<Value>(owner: string, { one, other, value }: { one: Fact<Value>; other: Fact<Value>; value: Value }): Fact<Value> {
  const from = later(one.from, other.from);
  const supersededAt = earlier(one.supersededAt, other.supersededAt);
  const recordedAt = later(one.recordedAt, other.recordedAt);
  const by = one.by === 'operator' ? one.by : other.by;
  const conflicts = [...(one.conflicts ?? []), ...(other.conflicts ?? [])];
  return {
    id: `${owner}@${from}${supersededAt === null ? '' : `~${recordedAt}`}${by === 'operator' ? '/operator' : ''}`,
    value,
    from,
    to: earlier(one.to, other.to),
    ...((one.atLatest ?? other.atLatest) === true ? { atLatest: true as const } : {}),
    recordedAt,
    supersededAt,
    verifiedOn: one.verifiedOn < other.verifiedOn ? one.verifiedOn : other.verifiedOn,
    sources: weakerSources(one, other),
    ...(conflicts.length === 0 ? {} : { conflicts }),
    by,
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

function later(one: string, other: string): string {
  return one > other ? one : other;
}

function earlier(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return one ?? other;
  return one < other ? one : other;
}
