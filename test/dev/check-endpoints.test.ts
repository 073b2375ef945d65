/** At which door `anyport doctor` knocks for each endpoint. No network: the knocking is written down. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadConfig } from '../../workers/config.ts';
import { checkEndpoints } from '../../workers/doctor/check-endpoints.ts';

const folder = mkdtempSync(join(tmpdir(), 'anyport-doors-'));
afterAll(() => rmSync(folder, { recursive: true }));

const RUNTIME = 'runtime: { roleArn: r, runtimeArn: a }';
const TOKEN = 'auth: { bearerTokenEnv: T }';

async function knock(keys: string, answer?: string) {
  const file = join(folder, 'anyport.yaml');
  const deployment = keys.includes('agent-engine') ? '{ wireModel: x, agent: "1" }' : 'x';
  writeFileSync(file, `endpoints:\n  a: { ${keys}, deployments: { m: ${deployment} } }\n`);
  const config = loadConfig({ file, environment: {}, workingDirectory: folder });
  const doors: string[] = [];
  const checks = await checkEndpoints(config, { T: 'token', OPENAI_API_KEY: 'key' }, async (host, port) => {
    doors.push(`${host}:${port}`);
    return answer;
  });
  return { doors, checks };
}

test.each([
  ['cloud: openai', 'api.openai.com'],
  ['cloud: openai, processing: eu', 'eu.api.openai.com'],
  [`cloud: azure, baseUrl: https://mine.openai.azure.com/openai/v1/, ${TOKEN}`, 'mine.openai.azure.com'],
  ['cloud: aws, region: us-east-2', 'bedrock-mantle.us-east-2.api.aws'],
  ['cloud: aws, region: us-east-2, surface: bedrock-runtime', 'bedrock-runtime.us-east-2.amazonaws.com'],
  ['cloud: google, project: p', 'aiplatform.googleapis.com'],
  ['cloud: google, project: p, region: us', 'aiplatform.us.rep.googleapis.com'],
  ['cloud: google, project: p, region: us-east5', 'us-east5-aiplatform.googleapis.com'],
  ['cloud: openai, service: agents-api', 'api.openai.com'],
  [`cloud: aws, service: bedrock-managed-agents, region: us-west-2, ${RUNTIME}`, 'bedrock-mantle.us-west-2.api.aws'],
  ['cloud: aws, service: bedrock-agents-classic, region: eu-west-1', 'bedrock-agent-runtime.eu-west-1.amazonaws.com'],
  [
    `cloud: azure, service: foundry-agents, baseUrl: https://mine.services.ai.azure.com/api/projects/p, ${TOKEN}`,
    'mine.services.ai.azure.com',
  ],
  ['cloud: google, service: agent-engine, project: p, region: us-central1', 'us-central1-aiplatform.googleapis.com'],
])('an endpoint with %s is at %s', async (keys, host) => {
  const { doors, checks } = await knock(keys);

  expect(doors).toEqual([`${host}:443`]);
  expect(checks).toEqual([expect.objectContaining({ check: 'endpoint a', state: 'ok' })]);
});

test('says which service answers', async () => {
  const { checks } = await knock('cloud: google, service: agent-engine, project: p, region: us-central1');

  expect(checks[0]?.detail).toMatch(/^agent-engine of google, .* serves m$/);
});

test('says at which door nobody opens, and what to look at', async () => {
  const { checks } = await knock(`cloud: aws, service: bedrock-agents-classic, region: eu-west-1`, 'getaddrinfo ENOTFOUND');

  expect(checks).toEqual([
    {
      check: 'endpoint a',
      state: 'problem',
      detail: 'https://bedrock-agent-runtime.eu-west-1.amazonaws.com: getaddrinfo ENOTFOUND',
      remedy: 'check baseUrl and region, and whether this machine may reach that host (a proxy, a firewall, DNS)',
    },
  ]);
});
