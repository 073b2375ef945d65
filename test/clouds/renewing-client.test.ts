import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { EndpointConnection } from '../../activities/clouds/cloud-client.ts';
import { createRenewingClient } from '../../activities/clouds/renewing-client.ts';
import type { Emulators } from '../emulators/start-emulators.ts';
import { startEmulators } from '../emulators/start-emulators.ts';
import { clearFaults, readLedger, setFaults } from '../support/emulated-cloud.ts';
import { aCall, aRequest, failureOf } from './builders.ts';
import { toSurface } from './emulated-surfaces.ts';

let emulators: Emulators;
beforeAll(async () => {
  emulators = await startEmulators({ script: [] });
});
afterAll(() => emulators.close());

const KEYS = { accessKeyIdEnv: 'EMULATED_AWS_ACCESS_KEY_ID', secretAccessKeyEnv: 'EMULATED_AWS_SECRET_ACCESS_KEY' };
const CLOUDS = [
  {
    name: 'azure-eastus2',
    old: { bearerTokenEnv: 'EMULATED_AZURE_TOKEN' },
    renewed: { bearerTokenEnv: 'EMULATED_AZURE_RENEWED_TOKEN' },
  },
  {
    name: 'aws-us-east-1',
    old: { ...KEYS, sessionTokenEnv: 'EMULATED_AWS_SESSION_TOKEN' },
    renewed: { ...KEYS, sessionTokenEnv: 'EMULATED_AWS_RENEWED_SESSION_TOKEN' },
  },
  {
    name: 'google-global',
    old: { bearerTokenEnv: 'EMULATED_GOOGLE_TOKEN' },
    renewed: { bearerTokenEnv: 'EMULATED_GOOGLE_RENEWED_TOKEN' },
  },
] as const;
afterEach(() => Promise.all(CLOUDS.map(({ name }) => clearFaults(emulators, name))));

function surfaceOf(name: (typeof CLOUDS)[number]['name'], auth: object) {
  return toSurface({ ...emulators.endpoints[name], auth }, emulators.environment);
}

async function outcomesSince(name: string, count: number): Promise<readonly string[]> {
  return (await readLedger(emulators, name)).slice(count).map(({ outcome }) => outcome);
}

test.each(CLOUDS)(
  'a token of $name that runs out is read anew, and the request sent once more',
  async ({ name, old, renewed }) => {
    const { connection, wireModel } = surfaceOf(name, old);
    let current = connection;
    const client = createRenewingClient(() => current);
    const request = aRequest({ wireModel, customTools: name !== 'google-global' });
    await setFaults(emulators, name, [{ kind: 'credential-expired', skip: 1 }]);
    const before = (await readLedger(emulators, name)).length;
    await client.invoke(request, aCall());
    current = surfaceOf(name, renewed).connection;

    await client.invoke(request, aCall());
    await client.invoke(request, aCall());

    expect(await outcomesSince(name, before)).toEqual(['completed', 'refused', 'completed', 'completed']);
  },
);

test.each([
  ['is still the same', (connection: EndpointConnection) => connection],
  [
    'is gone',
    () => {
      throw new Error('no such file');
    },
  ],
])('a credential that %s is refused once, and nothing is sent again', async (_case, readAgain) => {
  const { connection, wireModel } = surfaceOf('azure-eastus2', CLOUDS[0].old);
  let reads = 0;
  const client = createRenewingClient(() => (reads++ === 0 ? connection : readAgain(connection)));
  await setFaults(emulators, 'azure-eastus2', [{ kind: 'credential-expired' }]);
  const before = (await readLedger(emulators, 'azure-eastus2')).length;

  const failure = await failureOf(client.invoke(aRequest({ wireModel }), aCall()));

  expect(failure).toMatchObject({ kind: 'authentication', acceptance: 'not-accepted' });
  expect(await outcomesSince('azure-eastus2', before)).toEqual(['refused']);
});
