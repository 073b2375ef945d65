import { expect, test } from 'vitest';
import { chooseBackground } from '../../activities/choose-background.ts';
import { createCloudClient } from '../../activities/clouds/create-cloud-client.ts';
import type { AttemptEntry } from '../../activities/store/task-store.ts';
import { toTaskId } from '../../workflows/domain/ids.ts';
import { aDeployment, deploymentAt, pricesOf } from '../support/builders.ts';

const SETTINGS = { instructions: '', tools: [] };
const client = createCloudClient({ cloud: 'openai', apiKey: 'key' });

function served(background: boolean | 'auto', outputUsd = 10) {
  const deployment = aDeployment({
    capabilities: ['background'],
    price: {
      inputUsdMicrosPerMillion: 0,
      cachedInputUsdMicrosPerMillion: 0,
      outputUsdMicrosPerMillion: outputUsd * 1_000_000,
    },
  });
  return { deployment, prices: pricesOf(deployment), wireModel: 'model', site: 'test', background, client };
}

function answers(...outputTokens: readonly number[]): readonly AttemptEntry[] {
  return outputTokens.map((tokens, index) => {
    const usage = { inputTokens: 0, cachedInputTokens: 0, outputTokens: tokens, reasoningTokens: 0 };
    return {
      key: { taskId: toTaskId('task-1'), turn: index + 1, attempt: 1 },
      deployment: deploymentAt('openai'),
      state: { kind: 'completed', answer: { head: 'h', items: [], usage, costUsdMicros: 0 } },
    };
  });
}

test('an endpoint that says yes or no is not asked twice', () => {
  expect(chooseBackground({ served: served(true), settings: SETTINGS, attempts: [] })).toBe(true);
  expect(chooseBackground({ served: served(false), settings: SETTINGS, attempts: answers(90_000) })).toBe(false);
});

test('auto takes background for answers as long or as dear as the last ones were', () => {
  const auto = (price: number, ...tokens: readonly number[]) =>
    chooseBackground({ served: served('auto', price), settings: SETTINGS, attempts: answers(...tokens) });

  expect(auto(1, 1_999)).toBe(false);
  expect(auto(1, 2_000)).toBe(true);
  expect(auto(100, 200)).toBe(true);
  expect(auto(1, 5_000, 10, 10, 10)).toBe(false);
});

test('auto knows of a first answer only its limit, and asks for nothing that the deployment does not have', () => {
  const limited = { ...SETTINGS, maxOutputTokens: 4_000 };
  const unable = { ...served('auto'), deployment: aDeployment({ capabilities: [] }) };

  expect(chooseBackground({ served: served('auto'), settings: SETTINGS, attempts: [] })).toBe(false);
  expect(chooseBackground({ served: served('auto'), settings: limited, attempts: [] })).toBe(true);
  expect(chooseBackground({ served: unable, settings: limited, attempts: [] })).toBe(false);
});
