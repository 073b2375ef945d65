/** Every named fault at every cloud, and the one failure that its adapter makes of it. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { CloudClient, ModelRequest } from '../../activities/clouds/cloud-client.ts';
import { createCloudClient } from '../../activities/clouds/create-cloud-client.ts';
import type { ModelFailure } from '../../workflows/domain/model-failure.ts';
import { startEmulators } from '../emulators/start-emulators.ts';
import { clearFaults, readLedger, setFaults } from '../support/emulated-cloud.ts';
import type { FaultName, NamedFault } from '../support/faults.ts';
import { FAULTS, ODDITIES } from '../support/faults.ts';
import { READ_FILE, aCall, aRequest, failureOf } from './builders.ts';
import { SURFACES, toSurface } from './emulated-surfaces.ts';

/** Long enough for a busy machine to answer; what is silent stays so, and is waited for no longer than it takes to tell. */
const PATIENT = { firstEventMs: 15_000, idleMs: 15_000 };
const IMPATIENT = { firstEventMs: 700, idleMs: 700 };
const SCRIPT = [
  {
    when: { inputContains: 'say hello' },
    turns: [{ text: 'hello there, whoever reads this line', toolCalls: [{ name: 'read_file', input: { path: 'a.txt' } }] }],
  },
];

type Expected = Pick<ModelFailure, 'kind' | 'phase' | 'acceptance' | 'scope'> &
  Partial<Pick<ModelFailure, 'retryAfterMs' | 'status'>>;
type Cloud = 'openai' | 'azure' | 'aws' | 'google';

type Row = readonly [
  kind: Expected['kind'],
  phase: Expected['phase'],
  acceptance: Expected['acceptance'],
  scope: Expected['scope'],
  more?: { readonly retryAfterMs?: number; readonly status?: number },
];

const WAIT = { retryAfterMs: 2_000, status: 429 };
/** A date has no milliseconds, and time has passed since it was written. */
const WAIT_UNTIL = { retryAfterMs: expect.toSatisfy((ms: number) => ms > 0 && ms <= 3_000) as number };

const EXPECTED: Readonly<Record<FaultName, Row>> = {
  connectRefused: ['unavailable', 'connect', 'not-accepted', 'cloud'],
  blackHole: ['timeout', 'sent', 'unknown', 'deployment'],
  outage: ['unavailable', 'sent', 'unknown', 'cloud'],
  resetBeforeAccept: ['unavailable', 'sent', 'unknown', 'cloud'],
  resetAfterAccept: ['unavailable', 'sent', 'unknown', 'cloud'],

  rateLimited: ['rate-limited', 'headers', 'not-accepted', 'deployment', { status: 429 }],
  rateLimitedForSeconds: ['rate-limited', 'headers', 'not-accepted', 'deployment', WAIT],
  rateLimitedForMilliseconds: ['rate-limited', 'headers', 'not-accepted', 'deployment', WAIT],
  rateLimitedUntilDate: ['rate-limited', 'headers', 'not-accepted', 'deployment', WAIT_UNTIL],
  rateLimitedByAws: ['rate-limited', 'headers', 'not-accepted', 'deployment', WAIT],
  rateLimitedWithRetryInfo: ['rate-limited', 'headers', 'not-accepted', 'deployment', WAIT],
  provisionedThroughput: ['rate-limited', 'headers', 'not-accepted', 'deployment', WAIT],
  noCapacity: ['overloaded', 'headers', 'not-accepted', 'deployment'],
  quotaExhausted: ['quota-exhausted', 'headers', 'not-accepted', 'account'],
  billing: ['quota-exhausted', 'headers', 'not-accepted', 'account', { status: 402 }],

  serverError: ['unavailable', 'headers', 'unknown', 'deployment', { status: 500 }],
  badGateway: ['unavailable', 'headers', 'unknown', 'deployment', { status: 502 }],
  unavailable: ['overloaded', 'headers', 'not-accepted', 'deployment', { status: 503 }],
  gatewayTimeout: ['timeout', 'headers', 'unknown', 'deployment', { status: 504 }],
  overloaded: ['overloaded', 'headers', 'not-accepted', 'deployment', { status: 529 }],
  requestTimeout: ['timeout', 'headers', 'unknown', 'deployment', { status: 408 }],
  conflict: ['unavailable', 'headers', 'not-accepted', 'deployment', { status: 409 }],
  unauthenticated: ['authentication', 'headers', 'not-accepted', 'credential'],
  credentialExpired: ['authentication', 'headers', 'not-accepted', 'credential'],
  forbidden: ['authentication', 'headers', 'not-accepted', 'credential', { status: 403 }],
  noDeployment: ['not-found', 'headers', 'not-accepted', 'deployment', { status: 404 }],

  foreignReasoning: ['invalid-transcript', 'headers', 'not-accepted', 'transcript', { status: 400 }],
  contextLength: ['context-overflow', 'headers', 'not-accepted', 'request', { status: 400 }],
  unsupportedParameter: ['unsupported', 'headers', 'not-accepted', 'deployment', { status: 400 }],
  invalidRequest: ['invalid-request', 'headers', 'not-accepted', 'request', { status: 400 }],
  contentFilter: ['content-filtered', 'headers', 'not-accepted', 'request', { status: 400 }],

  slowFirstEvent: ['timeout', 'headers', 'accepted', 'deployment'],
  stallBeforeOutput: ['timeout', 'started', 'accepted', 'deployment'],
  stallAfterOutput: ['timeout', 'output', 'accepted', 'deployment'],
  cutBeforeOutput: ['protocol', 'started', 'accepted', 'deployment'],
  cutAfterOutput: ['protocol', 'output', 'accepted', 'deployment'],
  cutBeforeToolCall: ['protocol', 'output', 'accepted', 'deployment'],
  cutWithinToolCall: ['protocol', 'output', 'accepted', 'deployment'],
  cutAfterToolCall: ['protocol', 'output', 'accepted', 'deployment'],
  malformedEvent: ['protocol', 'started', 'accepted', 'deployment'],
  errorBeforeOutput: ['overloaded', 'started', 'accepted', 'deployment'],
  errorAfterOutput: ['unavailable', 'output', 'accepted', 'deployment'],
  quotaErrorBeforeOutput: ['quota-exhausted', 'started', 'accepted', 'account'],
  missingTerminal: ['protocol', 'output', 'accepted', 'deployment'],
  failedResponse: ['unavailable', 'terminal', 'accepted', 'deployment'],
  emptyOutput: ['protocol', 'terminal', 'accepted', 'deployment'],
  backgroundFailed: ['unavailable', 'terminal', 'accepted', 'deployment'],
  // The stream that made it ends without a terminal event; picked up again, it is gone.
  backgroundExpired: ['protocol', 'output', 'accepted', 'deployment'],
  backgroundCancelled: ['protocol', 'output', 'accepted', 'deployment'],
};

const SILENT: ReadonlySet<FaultName> = new Set<FaultName>([
  'blackHole',
  'slowFirstEvent',
  'stallBeforeOutput',
  'stallAfterOutput',
]);
const WITH_BACKGROUND: ReadonlySet<string> = new Set(['openai', 'azure-eastus2', 'aws-us-east-1']);
const NAMES = Object.keys(FAULTS) as FaultName[]; // the keys of a table of ours

let emulators: Awaited<ReturnType<typeof startEmulators>>;
beforeAll(async () => {
  emulators = await startEmulators({ script: SCRIPT });
});
afterAll(() => emulators.close());

describe.each(SURFACES)('%s', (endpoint) => {
  const cloud = endpoint.split('-')[0] as Cloud; // endpoints are named after their cloud
  let client: CloudClient;
  let impatient: CloudClient;
  let request: ModelRequest;
  beforeAll(() => {
    const { connection, wireModel } = toSurface(emulators.endpoints[endpoint], emulators.environment);
    client = createCloudClient(connection, PATIENT);
    impatient = createCloudClient(connection, IMPATIENT);
    request = aRequest({ wireModel, customTools: cloud !== 'google', tools: [READ_FILE] });
  });
  afterEach(() => clearFaults(emulators, endpoint));

  test.each(NAMES.filter((name) => occursAt(name, endpoint, cloud)))('classifies %s', async (name) => {
    const { fault, background = false }: NamedFault = FAULTS[name];
    const [kind, phase, acceptance, scope, more] = EXPECTED[name];
    const before = (await readLedger(emulators, endpoint)).length;
    await setFaults(emulators, endpoint, [fault]);

    const caller = SILENT.has(name) ? impatient : client;
    const failure = await failureOf(caller.invoke({ ...request, background }, aCall()));

    expect(failure).toMatchObject({ kind, phase, acceptance, scope, ...more });
    expect('retryAfterMs' in failure).toBe(more !== undefined && 'retryAfterMs' in more);
    expect((await readLedger(emulators, endpoint)).length - before).toBe(phase === 'connect' ? 0 : 1);
  });

  test.each([
    ['unknownEvents', { items: [{ kind: 'assistant-message' }, { kind: 'tool-call' }] }],
    ['slowStream', { items: [{ kind: 'assistant-message' }, { kind: 'tool-call' }] }],
    ['refusal', { items: [{ kind: 'assistant-message', refusal: true, text: 'I cannot help with that.' }] }],
    ['filteredOutput', { incomplete: 'content-filter', items: [{ kind: 'assistant-message' }] }],
    ['tokenLimit', { incomplete: 'max-output-tokens', items: [{ kind: 'assistant-message' }] }],
  ] as const)('answers in spite of %s', async (name, expected) => {
    await setFaults(emulators, endpoint, [ODDITIES[name]]);

    const answer = await client.invoke(request, aCall());

    expect(answer).toMatchObject(expected);
    expect(answer.usage.outputTokens).toBeGreaterThan(0);
  });

  test('opens its port again when the window of a closed port is over', async () => {
    await setFaults(emulators, endpoint, [{ kind: 'connect-refused', forMs: 150 }]);
    expect(await failureOf(client.invoke(request, aCall()))).toMatchObject({ phase: 'connect' });

    await expect
      .poll(() =>
        client.invoke(request, aCall()).then(
          () => 'answered',
          () => 'refused',
        ),
      )
      .toBe('answered');
  });

  test('closes its port after so many requests', async () => {
    await setFaults(emulators, endpoint, [{ kind: 'connect-refused', skip: 2 }]);
    await client.invoke(request, aCall());
    await client.invoke(request, aCall());

    expect(await failureOf(client.invoke(request, aCall()))).toMatchObject({ kind: 'unavailable', acceptance: 'not-accepted' });
  });
});

function occursAt(name: FaultName, endpoint: string, cloud: Cloud): boolean {
  const { clouds, background }: NamedFault = FAULTS[name];
  return (clouds?.includes(cloud) ?? true) && (background === undefined || WITH_BACKGROUND.has(endpoint));
}
