/** Why nobody may serve a task, in words for whoever asked: what is nearest, what it lacks, and what to do. */
import type { TaskNeed } from '../../workflows/domain/candidate.ts';
import type { ExcludedOffering } from '../../workflows/domain/eligibility.ts';
import { endpointOf } from '../../workflows/domain/ids.ts';
import { productOf } from '../../workflows/domain/managed-service.ts';
import { nearestNames } from '../../workflows/domain/nearest-names.ts';
import type { Reason } from '../../workflows/domain/reason.ts';
import { isHard } from '../../workflows/domain/reason.ts';
import type { RecordedDecision } from './record-decision.ts';
import type { EligibilityFacts } from './tenant-eligibility.ts';

/** Of a longer list the rest is a command away. */
const SHOWN = 4;

export interface NobodyMay {
  readonly decision: RecordedDecision;
  readonly need: TaskNeed;
  readonly tenant: string;
  readonly eligibility: Pick<EligibilityFacts, 'loaded' | 'placed'>;
}

export function whyNobody({ decision, need, tenant, eligibility }: NobodyMay): string {
  const { model } = need;
  const every = `"anyport route --decision ${decision.id}" tells every reason`;
  const configured = decision.excluded.filter(({ deploymentId }) => deploymentId !== undefined);
  if (configured.length > 0) {
    const nearest = decision.nearestMiss;
    const others = configured.filter(({ deploymentId }) => deploymentId !== nearest?.deploymentId);
    const rest = others.length === 0 ? '' : `. Not either: ${tell(others)}`;
    return `no eligible deployment for model "${model}" of tenant "${tenant}"${describeNearest(nearest)}${rest}. ${every}`;
  }
  return `${whyNoneServes(need, eligibility)}. ${every}`;
}

function whyNoneServes({ model, product }: TaskNeed, { placed, loaded }: NobodyMay['eligibility']): string {
  const isManaged = product === 'managed-agent';
  const nobody = `no deployment serves model "${model}"${isManaged ? ' as a managed agent' : ''}`;
  if (placed.length === 0) return `${nobody}: no endpoint is configured; add one to anyport.yaml`;
  const models = placed.flatMap(({ deployment }) => (productOf(deployment) === product ? [deployment.model] : []));
  if (models.length === 0 && isManaged) {
    return `${nobody}: no endpoint has a service of managed agents; add one with "service" to anyport.yaml, or start the task without "managed"`;
  }
  const known = new Set([...loaded.catalog.offerings.values()].flat().map((offering) => offering.model));
  const names = nearestNames(model, models).join(', ');
  const sold = known.has(model)
    ? 'add it to the deployments of an endpoint whose cloud sells it'
    : 'no cloud is known to sell it';
  return `${nobody}: ask for one that is configured (nearest: ${names}); ${sold}`;
}

/** What it lacks, each with what was asked and what is, and what to do about it. */
function describeNearest(nearest: RecordedDecision['nearestMiss']): string {
  if (nearest === undefined) return '';
  const lacks = nearest.onlyMissing.map(({ code, expected, actual }) => `${code} (asked: ${expected}; is: ${actual})`);
  const remedies = new Set(nearest.onlyMissing.map(({ remedy }) => remedy).filter((remedy) => remedy !== undefined));
  const todo = remedies.size === 0 ? '' : `: ${[...remedies].join('; ')}`;
  return `. Nearest is ${nameOf(nearest)}, but ${lacks.join(', ')}${todo}`;
}

function tell(excluded: readonly ExcludedOffering[]): string {
  const told = excluded.slice(0, SHOWN).map((each) => `${nameOf(each)} ${codesOf(each.reasons)}`);
  const more = excluded.length - told.length;
  return `${told.join('; ')}${more > 0 ? `; and ${more} more` : ''}`;
}

function codesOf(reasons: readonly Reason[]): string {
  return [...new Set(reasons.filter(isHard).map(({ code }) => code))].join(' ');
}

function nameOf({ deploymentId, offeringId }: Pick<ExcludedOffering, 'deploymentId' | 'offeringId'>): string {
  return deploymentId === undefined ? offeringId : endpointOf(deploymentId);
}
