/** Where a service of managed agents is called: mistakes are told with what is wrong, which value, and what to write. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadConfig } from '../../workers/config.ts';

const folder = mkdtempSync(join(tmpdir(), 'anyport-addresses-'));
afterAll(() => rmSync(folder, { recursive: true }));

const RUNTIME = 'runtime: { roleArn: r, runtimeArn: a }';
const BEDROCK = 'cloud: aws, service: bedrock-managed-agents, region: us-east-1';
const CLASSIC = 'cloud: aws, service: bedrock-agents-classic, region: us-east-1';
const FOUNDRY = 'cloud: azure, service: foundry-agents, auth: { bearerTokenEnv: T }';
const ENGINE = 'cloud: google, service: agent-engine, project: p';

function load(keys: string, deployment = 'x') {
  const file = join(folder, 'anyport.yaml');
  writeFileSync(file, `endpoints:\n  a: { ${keys}, deployments: { m: ${deployment} } }\n`);
  return loadConfig({ file, environment: {}, workingDirectory: folder });
}

test.each([
  ['cloud: openai, service: agents-api, baseUrl: https://eu.api.openai.com/v1', 'x'],
  [`${BEDROCK}, ${RUNTIME}, baseUrl: https://bedrock-mantle.us-east-1.api.aws/openai/v1/`, 'x'],
  [`${BEDROCK}, ${RUNTIME}, baseUrl: https://proxy.example.com/aws`, 'x'],
  [`${CLASSIC}, baseUrl: https://bedrock-agent-runtime.us-east-1.amazonaws.com`, 'x'],
  [`${CLASSIC}, baseUrl: https://vpce-1.bedrock-agent-runtime.us-east-1.vpce.amazonaws.com`, 'x'],
  [`${FOUNDRY}, baseUrl: https://mine.services.ai.azure.com/api/projects/my-project`, 'x'],
  [`${ENGINE}, region: us-central1, baseUrl: https://us-central1-aiplatform.googleapis.com`, '{ wireModel: x, agent: "1" }'],
  [CLASSIC, '{ wireModel: x, agent: AGENT1/LIVE }'],
  [`${FOUNDRY}, baseUrl: https://proxy.example.com/p`, '{ wireModel: x, agent: "helper:2" }'],
  [`${ENGINE}, region: us-central1`, '{ wireModel: x, agent: projects/p/locations/us-central1/reasoningEngines/1 }'],
])('%s with %s is taken', (keys, deployment) => {
  expect(load(keys, deployment).endpoints).toHaveLength(1);
});

test.each([
  [
    `${BEDROCK}, ${RUNTIME}, baseUrl: https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1`,
    'the address bedrock-runtime.us-east-1.amazonaws.com is not one of service bedrock-managed-agents: write it as https://bedrock-mantle.REGION.api.aws/openai/v1',
  ],
  [
    `${CLASSIC}, baseUrl: https://bedrock-runtime.us-east-1.amazonaws.com`,
    'is not one of service bedrock-agents-classic: write it as https://bedrock-agent-runtime.REGION.amazonaws.com',
  ],
  [
    `${FOUNDRY}, baseUrl: https://mine.openai.azure.com/openai/v1/`,
    'is not one of service foundry-agents: write it as https://RESOURCE.services.ai.azure.com/api/projects/PROJECT',
  ],
  [
    `${FOUNDRY}, baseUrl: https://mine.services.ai.azure.com/api/projects/p/openai/v1/`,
    'baseUrl has another path than service foundry-agents has there',
  ],
  [FOUNDRY, 'needs the project’s address: add "baseUrl: https://RESOURCE.services.ai.azure.com/api/projects/PROJECT"'],
  [
    'cloud: openai, service: agents-api, baseUrl: https://api.openai.com',
    'baseUrl has another path than service agents-api has there: write it as https://api.openai.com/v1',
  ],
  [
    `${BEDROCK.replace('us-east-1', 'eu-west-1')}, ${RUNTIME}`,
    'service bedrock-managed-agents is not in region eu-west-1: use one of us-east-1, us-east-2, us-west-2',
  ],
])('%s is refused: %s', (keys, words) => {
  expect(() => load(keys)).toThrow(words);
});

test.each([
  [ENGINE, '"1"', 'service agent-engine needs the region of its engine, it has none: write "region: us-central1"'],
  [`${ENGINE}, region: us`, '"1"', 'service agent-engine needs the region of its engine, us is none'],
  [
    `${ENGINE}, region: us-central1, baseUrl: https://aiplatform.us.rep.googleapis.com`,
    '"1"',
    'the address aiplatform.us.rep.googleapis.com is not one of service agent-engine',
  ],
  [
    `${ENGINE}, region: us-central1`,
    'projects/123/locations/us-central1/reasoningEngines/1',
    "the engine is of project 123, but the project is p: correct one of them, or write the engine's id alone",
  ],
  [
    `${ENGINE}, region: us-central1`,
    'not an engine',
    '"not an engine" is no agent of service agent-engine: write its id, such as "4711", or projects/PROJECT/locations/REGION/reasoningEngines/ID',
  ],
  [
    `${ENGINE}, region: us-central1`,
    'projects/p/locations/us-central1/reasoningEngines/..',
    'is no agent of service agent-engine',
  ],
  [
    `${ENGINE}, region: us-central1`,
    'projects/p/locations/europe-west1/reasoningEngines/1',
    'the engine is in europe-west1, but the region is us-central1: correct one of them',
  ],
  [
    CLASSIC,
    'my helper!',
    '"my helper!" is no agent of service bedrock-agents-classic: write AGENTID/ALIASID, such as "ABCDEFGHIJ/TSTALIASID"',
  ],
  [
    `${FOUNDRY}, baseUrl: https://mine.services.ai.azure.com/api/projects/p`,
    '"a/b/c d"',
    '"a/b/c d" is no agent of service foundry-agents: write its name, or name and version, such as "helper" or "helper:2"',
  ],
  ['cloud: openai, service: agents-api', 'my agent', '"my agent" is no agent of service agents-api: write its id'],
])('%s with agent %s is refused: %s', (keys, agent, words) => {
  expect(() => load(keys, `{ wireModel: x, agent: ${agent} }`)).toThrow(words);
});
