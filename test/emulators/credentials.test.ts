/** A credential may expire while a task runs: the cloud refuses that one in its own words, and takes its successor. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { EndpointConnection } from '../../activities/clouds/cloud-client.ts';
import { createCloudClient } from '../../activities/clouds/create-cloud-client.ts';
import { aCall, aRequest, failureOf } from '../clouds/builders.ts';
import { toSurface } from '../clouds/emulated-surfaces.ts';
import { clearFaults, readLedger, setFaults } from '../support/emulated-cloud.ts';
import type { Emulators } from './start-emulators.ts';
import { startEmulators } from './start-emulators.ts';

let emulators: Emulators;
beforeAll(async () => {
  emulators = await startEmulators({ script: [] });
});
afterAll(() => emulators.close());

const AWS_KEYS = { accessKeyIdEnv: 'EMULATED_AWS_ACCESS_KEY_ID', secretAccessKeyEnv: 'EMULATED_AWS_SECRET_ACCESS_KEY' };

const PAIRS = [
  {
    name: 'azure-eastus2',
    status: 401,
    old: { bearerTokenEnv: 'EMULATED_AZURE_TOKEN' },
    renewed: { bearerTokenEnv: 'EMULATED_AZURE_RENEWED_TOKEN' },
  },
  {
    name: 'aws-us-east-1',
    status: 403,
    code: 'ExpiredTokenException',
    old: { ...AWS_KEYS, sessionTokenEnv: 'EMULATED_AWS_SESSION_TOKEN' },
    renewed: { ...AWS_KEYS, sessionTokenEnv: 'EMULATED_AWS_RENEWED_SESSION_TOKEN' },
  },
  {
    name: 'google-global',
    status: 401,
    code: 'UNAUTHENTICATED',
    old: { bearerTokenEnv: 'EMULATED_GOOGLE_TOKEN' },
    renewed: { bearerTokenEnv: 'EMULATED_GOOGLE_RENEWED_TOKEN' },
  },
] as const;
afterEach(() => Promise.all(PAIRS.map(({ name }) => clearFaults(emulators, name))));

test.each(PAIRS)(
  'a token of $name expires after its requests, and the renewed one counts',
  async ({ name, old, renewed, ...expected }) => {
    const ask = (auth: object) => {
      const { connection, wireModel } = toSurface({ ...emulators.endpoints[name], auth }, emulators.environment);
      return invoke(connection, wireModel);
    };
    await setFaults(emulators, name, [{ kind: 'credential-expired', skip: 2 }]);
    await ask(old);
    await ask(old);

    const refused = { kind: 'authentication', scope: 'credential', acceptance: 'not-accepted', ...expected };
    expect(await failureOf(ask(old))).toMatchObject(refused);
    await ask(renewed);
    expect(await failureOf(ask(old))).toMatchObject(refused);
    await ask(renewed);
    expect((await readLedger(emulators, name)).map(({ outcome }) => outcome)).toEqual([
      ...['completed', 'completed', 'refused', 'completed', 'refused', 'completed'],
    ]);
  },
);

function invoke(connection: EndpointConnection, wireModel: string) {
  return createCloudClient(connection).invoke(aRequest({ wireModel, customTools: connection.cloud !== 'google' }), aCall());
}
