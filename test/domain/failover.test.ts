import { describe, expect, test } from 'vitest';
import { decideNext } from '../../workflows/domain/failover.ts';
import type { Pin } from '../../workflows/domain/pin.ts';
import type { DeploymentNotice, RouteHealth } from '../../workflows/domain/route-health.ts';
import { HEALTHY } from '../../workflows/domain/route-health.ts';
import type { DecisionInput } from '../../workflows/domain/turn-so-far.ts';
import { aDeployment, aFailure, aRoute, deploymentAt, MODEL } from '../support/builders.ts';
import { aDecisionInput, failedAt, NOW_MS, shorthand } from './decision-scene.ts';

const next = (overrides: Partial<DecisionInput>, here = ''): string => shorthand(decideNext(aDecisionInput(overrides)), here);
const reasonOf = (overrides: Partial<DecisionInput>): string => decideNext(aDecisionInput(overrides)).reason ?? '';

function noticed(...notices: readonly [endpoint: string, kind: DeploymentNotice['kind'], inMs: number][]): RouteHealth {
  return {
    ...HEALTHY,
    notices: notices.map(([endpoint, kind, inMs]) => ({ deployment: deploymentAt(endpoint), kind, untilMs: NOW_MS + inMs })),
  };
}

const FILTERED = aFailure({ kind: 'content-filtered', phase: 'headers', scope: 'request', status: 400, code: 'content_filter' });
const OVERLOADED = aFailure({ kind: 'overloaded', phase: 'headers', status: 503 });
const REFUSED_KEY = aFailure({ kind: 'authentication', phase: 'headers', scope: 'credential', status: 401 });
const UNREACHABLE = aFailure({ code: 'ECONNREFUSED' });
const INELIGIBLE = aFailure({ kind: 'ineligible', phase: 'resolve', code: 'RETIRED' });
const UNSUPPORTED = aFailure({ kind: 'unsupported', phase: 'headers', status: 400 });

describe('a filtered turn', () => {
  const route = { ...aRoute('azure', 'aws', 'google'), afterFilter: [deploymentAt('google')] };

  test('goes where the policy names, and says by what right', () => {
    const failed = [failedAt('azure', FILTERED)];

    expect(next({ route, failed })).toBe('-> google');
    expect(reasonOf({ route, failed })).toBe("failover by the tenant's policy: azure content-filtered: 400 content_filter");
  });

  test('goes nowhere else when that one fails, neither at once nor after a park', () => {
    const failed = [failedAt('azure', FILTERED), failedAt('google', OVERLOADED), failedAt('google', OVERLOADED)];

    expect(next({ route, failed })).toBe('park');
    expect(next({ route, failed, failedSincePark: 0, parks: 1 })).toBe('-> google');
  });

  test('ends when that one filters it too', () => {
    expect(next({ route, failed: [failedAt('azure', FILTERED), failedAt('google', FILTERED)] })).toBe('give-up');
  });
});

describe('a failure that may be of more than one deployment', () => {
  const route = {
    model: MODEL,
    deployments: [
      aDeployment({ endpoint: 'azure-eastus2', failureDomains: ['identity:entra', 'region:eastus2'] }),
      aDeployment({ endpoint: 'azure-westus', failureDomains: ['identity:entra', 'region:westus'] }),
      aDeployment({ endpoint: 'aws', failureDomains: ['identity:aws-iam'] }),
      aDeployment({ endpoint: 'openai', failureDomains: ['edge:cloudflare'] }),
    ].map((deployment) => ({ ...deployment, id: deploymentAt(deployment.endpoint) })),
  };
  const throttled = aFailure({ kind: 'rate-limited', phase: 'headers', status: 429 });

  test('goes first to those that share no failure domain with it, in the order of the route', () => {
    const [first, second] = [failedAt('azure-eastus2', UNREACHABLE), failedAt('azure-eastus2', UNREACHABLE)];

    expect(next({ route, failed: [first, second] })).toBe('-> aws');
    expect(next({ route, failed: [first, second, failedAt('aws', REFUSED_KEY)] })).toBe('-> openai');
  });

  test('says nothing of the domain when it is a quota of the one', () => {
    const failed = [1, 2, 3].map(() => failedAt('azure-eastus2', throttled));

    expect(next({ route, failed })).toBe('-> azure-westus');
  });

  test('leaves the order of routes alone whose domains are not known', () => {
    const unknown = aRoute('azure-eastus2', 'azure-westus', 'aws');

    expect(next({ route: unknown, failed: [1, 2].map(() => failedAt('azure-eastus2', UNREACHABLE)) })).toBe('-> azure-westus');
  });
});

describe('a deployment that may not serve the task any more', () => {
  test('is passed over for the rest of the turn', () => {
    const failed = [failedAt('azure', INELIGIBLE), ...[1, 2].map(() => failedAt('aws', OVERLOADED))];

    expect(next({ failed: failed.slice(0, 1) })).toBe('-> aws');
    expect(next({ route: aRoute('azure', 'aws'), failed })).toBe('park');
  });

  test('ends the turn with its reason when it was the last one', () => {
    const failed = [failedAt('azure', INELIGIBLE)];

    expect(reasonOf({ route: aRoute('azure'), failed })).toBe('azure ineligible: RETIRED; no deployment takes the turn as it is');
  });
});

describe('a deployment that will not take the turn', () => {
  test('is not asked again after a park', () => {
    const failed = [failedAt('azure', UNSUPPORTED), failedAt('aws', OVERLOADED), failedAt('google', OVERLOADED)];

    expect(next({ failed, failedSincePark: 0, parks: 1 })).toBe('-> aws');
  });

  test('ends the turn at once when all others will not either, instead of parking to the deadline', () => {
    const failed = ['azure', 'aws', 'google'].map((endpoint) => failedAt(endpoint, UNSUPPORTED));

    expect(next({ failed })).toBe('give-up');
    expect(reasonOf({ failed })).toBe('google unsupported: 400; no deployment takes the turn as it is');
  });
});

describe('a pause that a cloud asks for', () => {
  const limited = aFailure({ kind: 'rate-limited', phase: 'headers', status: 429, retryAfterMs: 20_000 });

  test('holds after a park too, though no worker shares it', () => {
    const one = { route: aRoute('azure'), failed: [failedAt('azure', limited, NOW_MS - 5_000)], failedSincePark: 0, parks: 1 };

    expect(next(one, 'azure')).toBe('wait 15050');
  });

  test('is waited out at a warm cache while that is cheaper, with both prices in the reason', () => {
    const pin: Pin = {
      deployment: deploymentAt('azure'),
      sinceMs: NOW_MS - 1_000,
      answeredAtMs: NOW_MS - 1_000,
      prefixTokens: 100_000,
      outputTokens: 100,
    };
    const failed = [failedAt('azure', limited)];

    expect(next({ pin, failed }, 'azure')).toBe('wait 20050');
    expect(reasonOf({ pin, failed })).toBe('retry: azure rate-limited: 429; waiting $0.0056, moving $0.1150');
    expect(next({ pin, failed, policy: { version: 2, hourUsdMicros: 50_000_000 } })).toBe('-> aws');
  });

  test('is not waited out a second time in a row while nothing is warm there and somebody else can be asked', () => {
    const short = failedAt('azure', { ...limited, retryAfterMs: 2_000 });
    const pin: Pin = {
      deployment: deploymentAt('azure'),
      sinceMs: 0,
      answeredAtMs: NOW_MS - 1_000,
      prefixTokens: 9,
      outputTokens: 1,
    };
    const between = failedAt('azure', OVERLOADED);

    expect(next({ failed: [short] }, 'azure')).toBe('wait 2050');
    expect(next({ failed: [short, short] })).toBe('-> aws');
    expect(next({ failed: [short, between, short] }, 'azure')).toBe('wait 2050');
    expect(next({ failed: [short, short], pin }, 'azure')).toBe('wait 2050');
    expect(next({ failed: [short, short], route: aRoute('azure') }, 'azure')).toBe('wait 2050');
  });

  test('that other tasks waited out in vain leads a new one elsewhere, however short it is', () => {
    const { notices } = noticed(['azure', 'throttled', 500]);
    const repeated = { ...HEALTHY, notices: notices.map((notice) => ({ ...notice, isRepeated: true as const })) };

    expect(next({ health: { ...HEALTHY, notices } }, 'azure')).toBe('wait 550');
    expect(next({ health: repeated })).toBe('-> aws');
    expect(reasonOf({ health: repeated })).toBe('azure is throttled');
    expect(next({ health: repeated, route: aRoute('azure') }, 'azure')).toBe('wait 550');
  });

  test('is as long as the workers together know it to be', () => {
    const failed = [failedAt('azure', { ...limited, retryAfterMs: 500 })];

    expect(next({ route: aRoute('azure'), failed, health: noticed(['azure', 'throttled', 4_000]) }, 'azure')).toBe('wait 4050');
  });

  test('does not open what others have found broken', () => {
    const failed = [failedAt('azure', { ...limited, retryAfterMs: 500 })];
    const health = noticed(['azure', 'throttled', 900], ['azure', 'open', 700]);

    expect(next({ failed, health })).toBe('-> aws');
    expect(next({ health })).toBe('-> aws');
  });

  test('that is over is no reason to wait', () => {
    expect(next({ health: noticed(['azure', 'throttled', -1]) }, 'azure')).toBe('retry');
  });

  test('beyond the deadline ends a turn that has nowhere else to go', () => {
    const route = aRoute('azure', 'aws');
    const health = noticed(['azure', 'throttled', 3_600_000], ['aws', 'open', 7_200_000]);

    expect(next({ route, health })).toBe('give-up');
    expect(reasonOf({ route, health })).toBe('no deployment may be asked before the deadline of the turn');
  });
});

describe('where a turn goes', () => {
  test('first leaves the cloud that failed as a whole, however long ago in the round', () => {
    const route = {
      model: MODEL,
      deployments: [
        aDeployment({ endpoint: 'azure-1' }),
        aDeployment({ endpoint: 'aws-1', cloud: 'aws' }),
        aDeployment({ endpoint: 'azure-2' }),
        aDeployment({ endpoint: 'google-1', cloud: 'google' }),
      ],
    };
    const failed = [failedAt('azure-1', aFailure({ kind: 'quota-exhausted', scope: 'account' })), failedAt('aws-1', UNSUPPORTED)];

    expect(next({ route, failed })).toBe('-> google-1');
  });

  test('after a park is what was asked least, so that a long route is asked to its end', () => {
    const failed = ['azure', 'azure', 'aws', 'aws'].map((endpoint) => failedAt(endpoint, OVERLOADED));

    expect(next({ failed })).toBe('park');
    expect(next({ failed, failedSincePark: 0, parks: 1 })).toBe('-> google');
  });

  test('is where it was when all speak against it but one only asks for a pause', () => {
    const health = noticed(['azure', 'open', 30_000], ['aws', 'throttled', 5_000], ['google', 'probing', 10_000]);
    const decision = decideNext(aDecisionInput({ health }));

    expect(decision).toMatchObject({ kind: 'park', untilMs: NOW_MS + 5_050, reason: 'no deployment may be asked now' });
  });
});

describe('what may be billed already', () => {
  const broken = aFailure({ kind: 'unavailable', phase: 'headers', acceptance: 'unknown', status: 500 });

  test('is sent again elsewhere rather than where it was lost', () => {
    expect(next({ failed: [failedAt('azure', broken)] })).toBe('-> aws');
    expect(
      next({ failed: [failedAt('azure', broken)], health: noticed(['aws', 'open', 9_000], ['google', 'open', 9_000]) }, 'azure'),
    ).toBe('wait 625');
  });

  test('is not sent again when the budget has no room, nor a second time', () => {
    expect(next({ failed: [failedAt('azure', broken)], canPayTwice: false })).toBe('give-up');
    expect(next({ failed: [failedAt('azure', broken), failedAt('aws', broken)] })).toBe('give-up');
    expect(reasonOf({ failed: [failedAt('azure', broken)], canPayTwice: false })).toBe(
      "1 of this turn's attempts may be billed without an answer; last: azure unavailable: 500; the task's budget has no room for another one",
    );
  });

  test('of our own lost worker is sent again where the cache is warm, once', () => {
    const lost = aFailure({ kind: 'interrupted', phase: 'sent', acceptance: 'unknown', scope: 'request' });

    expect(next({ failed: [failedAt('azure', lost)] }, 'azure')).toBe('retry');
    expect(next({ failed: [failedAt('azure', lost), failedAt('azure', lost)] })).toBe('give-up');
  });
});

test('a transcript that was refused goes there without its reasoning for the rest of the turn, and is refused once more at most', () => {
  const refused = aFailure({ kind: 'invalid-transcript', scope: 'transcript', status: 400 });
  const route = aRoute('azure');
  const failed = [failedAt('azure', refused), failedAt('azure', OVERLOADED)];

  expect(decideNext(aDecisionInput({ route, failed }))).toMatchObject({ kind: 'wait', dropReasoning: true });
  expect(decideNext(aDecisionInput({ route, failed, failedSincePark: 0 }))).toMatchObject({
    kind: 'attempt',
    dropReasoning: true,
  });
  expect(next({ route, failed: [...failed, failedAt('azure', refused)], failedSincePark: 1 })).toBe('give-up');
});

test('an endpoint whose budget of retries is used up is left, but a transcript that is put right is no retry', () => {
  const health = { ...HEALTHY, withoutRetries: ['azure'] };
  const refused = aFailure({ kind: 'invalid-transcript', scope: 'transcript', status: 400 });

  expect(next({ failed: [failedAt('azure', OVERLOADED)], health })).toBe('-> aws');
  expect(decideNext(aDecisionInput({ failed: [failedAt('azure', refused)], health }))).toEqual({
    kind: 'attempt',
    deployment: deploymentAt('azure'),
    dropReasoning: true,
    reason: 'retry: azure invalid-transcript: 400',
  });
});

test('a panic is said where the turn parks', () => {
  expect(reasonOf({ health: { ...noticed(['azure', 'open', 9_000]), isPanic: true }, route: aRoute('azure') })).toContain(
    'is our own network, clock or deploy at fault?',
  );
});

describe('a drained endpoint', () => {
  test('is passed over, and left after a failure', () => {
    const health = noticed(['azure', 'drained', 10_000]);

    expect(next({ health })).toBe('-> aws');
    expect(reasonOf({ health })).toBe('azure is drained by an operator');
    expect(next({ health, failed: [failedAt('azure', OVERLOADED)] })).toBe('-> aws');
  });

  test('parks a turn that has nowhere else to go, which looks again as soon as the notice says, after many parks too', () => {
    const all = noticed(['azure', 'drained', 10_000], ['aws', 'drained', 10_000], ['google', 'drained', 10_000]);
    const some = noticed(['azure', 'drained', 10_000], ['aws', 'open', 60_000], ['google', 'open', 60_000]);

    expect(decideNext(aDecisionInput({ health: all, parks: 50 }))).toEqual({
      kind: 'park',
      untilMs: NOW_MS + 10_050,
      reason: 'no deployment may be asked now; all drained by an operator',
    });
    expect(decideNext(aDecisionInput({ health: some }))).toEqual({
      kind: 'park',
      untilMs: NOW_MS + 10_050,
      reason: 'no deployment may be asked now; 1 of 3 drained by an operator',
    });
  });
});
