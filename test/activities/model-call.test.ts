/** A background response whose stream broke is picked up again, and one that has ended is not. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createCloudClient } from '../../activities/clouds/create-cloud-client.ts';
import type { ModelCall } from '../../activities/model-call.ts';
import { callModel } from '../../activities/model-call.ts';
import { toTaskId } from '../../workflows/domain/ids.ts';
import type { Capability } from '../../workflows/domain/route.ts';
import { APPLY_PATCH, aCall, failureOf } from '../clouds/builders.ts';
import { toSurface } from '../clouds/emulated-surfaces.ts';
import type { Emulators } from '../emulators/start-emulators.ts';
import { startEmulators } from '../emulators/start-emulators.ts';
import { aDeployment, pricesOf } from '../support/builders.ts';
import { clearFaults, readLedger, setFaults } from '../support/emulated-cloud.ts';

const ENDPOINT = 'azure-eastus2';

const PATCH = '*** Begin Patch\n*** Add File: a\n+x\n*** Delete File: b\n*** End Patch';
const SCRIPT = [{ when: { inputContains: 'patch it' }, turns: [{ toolCalls: [{ name: 'apply_patch', input: PATCH }] }] }];

let emulators: Emulators;
beforeAll(async () => {
  emulators = await startEmulators({ script: SCRIPT });
});
afterAll(() => emulators.close());
beforeEach(() => clearFaults(emulators, ENDPOINT));

function aModelCall(): ModelCall {
  const { connection, wireModel } = toSurface(emulators.endpoints[ENDPOINT], emulators.environment);
  return {
    key: { taskId: toTaskId('task-1'), turn: 1, attempt: 1 },
    served: {
      deployment: aDeployment(),
      prices: pricesOf(aDeployment()),
      wireModel,
      site: 'test',
      background: true,
      client: createCloudClient(connection),
    },
    background: true,
    settings: { instructions: '', tools: [] },
    tools: [],
    transcript: [{ kind: 'user-message', text: 'say hello' }],
  };
}

async function methodsSince(before: number): Promise<readonly string[]> {
  return (await readLedger(emulators, ENDPOINT)).slice(before).map(({ method }) => method);
}

test('a response whose stream was cut is picked up again', async () => {
  const before = (await readLedger(emulators, ENDPOINT)).length;
  await setFaults(emulators, ENDPOINT, [{ kind: 'stream-cut' }]);

  expect(await callModel(aModelCall(), aCall())).toMatchObject({ items: [{ kind: 'assistant-message' }] });
  expect(await methodsSince(before)).toEqual(['POST', 'GET']);
});

test('a response that failed is not asked for again: its end is told', async () => {
  const before = (await readLedger(emulators, ENDPOINT)).length;
  await setFaults(emulators, ENDPOINT, [{ kind: 'background-end', status: 'failed' }]);

  expect(await failureOf(callModel(aModelCall(), aCall()))).toMatchObject({ kind: 'unavailable', phase: 'terminal' });
  expect(await methodsSince(before)).toEqual(['POST']);
});

test.each<[string, readonly Capability[], number]>([
  ['its own form, which is a patch in each call', ['apply-patch'], 2],
  ['whole patches where it has custom tools', ['custom-tools', 'apply-patch'], 1],
  ['whole patches as an argument where it has nothing better', [], 1],
])('a deployment is asked for patches in %s', async (_form, capabilities, calls) => {
  const { connection, wireModel } = toSurface(emulators.endpoints['openai'], emulators.environment);
  const call = aModelCall();
  const deployment = aDeployment({ capabilities: ['streaming', 'tools', ...capabilities] });

  const { items } = await callModel(
    {
      ...call,
      background: false,
      served: { ...call.served, deployment, wireModel, client: createCloudClient(connection) },
      tools: [APPLY_PATCH],
      transcript: [{ kind: 'user-message', text: 'patch it' }],
    },
    aCall(),
  );

  expect(items.map((item) => item.kind === 'tool-call' && [item.name, item.input.kind])).toEqual(
    Array.from({ length: calls }, () => ['apply_patch', 'text']),
  );
});
