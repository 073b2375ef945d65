import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { AnyportConfig } from '../../workers/anyport-config.ts';
import { parseTaskRequest } from '../../client/task-request.ts';
import { loadConfig } from '../../workers/config.ts';
import { resolveEndpoints } from '../../workers/endpoints.ts';
import { ConfigError } from '../../workers/config-error.ts';
import { priceAt } from '../../workflows/domain/price.ts';
import { defaultPolicy } from '../../workflows/domain/tenant-policy.ts';

const folder = mkdtempSync(join(tmpdir(), 'anyport-config-'));
const file = join(folder, 'given.yaml');
const environment = { OPENAI_API_KEY: 'sk-secret', AZURE_OPENAI_API_KEY: 'az-secret' };

function load(text: string): AnyportConfig {
  writeFileSync(file, text);
  return loadConfig({ file, environment, workingDirectory: folder });
}

/** An endpoint of one line, the third of its file. */
function withEndpoint(keys: string): string {
  return `# who may serve\nendpoints:\n  a: { ${keys} }\n`;
}

function withAuth(auth: string): string {
  return withEndpoint(`cloud: openai, auth: ${auth}, deployments: { m: x }`);
}

const GOOD = 'cloud: openai, deployments: { m: x }';

const EXAMPLE = fileURLToPath(new URL('../../anyport.example.yaml', import.meta.url));

test('loads the example, every cloud of it', () => {
  const config = loadConfig({ file: EXAMPLE, environment, workingDirectory: folder });

  expect(config.endpoints.map(({ cloud }) => cloud)).toEqual(['azure', 'openai', 'aws', 'google', 'openai', 'aws']);
});

test('loads the example’s catalog, once it is no comment any more', () => {
  const [rest = '', catalog = ''] = readFileSync(EXAMPLE, 'utf8').split(/^(?=# catalog:)/m);

  const { catalog: loaded } = load(rest + catalog.replaceAll(/^# ?/gm, ''));

  const [offering] =
    loaded.catalog.offerings.get('model/gpt-6.1-sol')?.filter(({ surface }) => surface.seller === 'oracle') ?? [];
  expect(offering?.id).toBe('oracle/commercial/our-gateway/frankfurt/gpt-6.1-sol');
});

describe('a file that is no configuration is refused with what it is', () => {
  test.each([
    ['one that is empty', '', ':1:1: the file is empty: it needs endpoints, see anyport.example.yaml'],
    ['one of comments', '# later\n', ':1:1: the file is empty'],
    ['a list', '- a\n', ':1:1: the file must be a map of keys, one "KEY: …" a line, not a list'],
    ['not YAML', 'endpoints:\n  a: { cloud: openai\n  b: ]\n', ':3:6: this is not valid YAML'],
    ['indented by tabs', 'endpoints:\n\ta: x\n', ':2:1: this is not valid YAML: Tabs are not allowed'],
    ['two documents', `${withEndpoint(GOOD)}---\nendpoints: {}\n`, ':4:1: a second document begins here: remove the line "---"'],
    ['an alias of nothing', 'endpoints:\n  a: *all\n', ':2:6: *all refers to an anchor that is not set before: put quotes'],
  ])('%s', (_case, text, message) => {
    expect(() => load(text)).toThrow(`${file}${message}`);
  });

  test('one that is not there, or is a folder, with who named it', () => {
    const missing = join(folder, 'missing.yaml');
    const named = { environment: { ANYPORT_CONFIG: 'missing.yaml' }, workingDirectory: folder };

    expect(() => loadConfig(named)).toThrow(`the configuration ${missing} cannot be read: ENOENT`);
    expect(() => loadConfig(named)).toThrow('check --config or ANYPORT_CONFIG');
    expect(() => loadConfig({ file: folder, environment, workingDirectory: folder })).toThrow(`${folder} cannot be read: EISDIR`);
  });

  test('the file of a key, named by mistake, is not quoted', () => {
    expect(() => load('sk-very-secret\n')).toThrow('the file must be a map');
    expect(() => load('sk-very-secret\n')).not.toThrow('sk-very-secret');
  });
});

describe('a key or value that cannot be is refused with its line, and what to do', () => {
  test.each([
    ['an unknown key at the top', 'endpoint:\n  a: 1\n', ':1:1: unknown key "endpoint": remove it or correct its name'],
    ['an unknown key', withEndpoint('cloud: openai, foo: 1, deployments: { m: x }'), ':3:23: unknown key "foo"'],
    [
      'an unknown key of a deployment',
      withEndpoint('cloud: openai, deployments: { m: { wireModel: x, prize: 1 } }'),
      ':3:57: unknown key "prize"',
    ],
    [
      'two endpoints of one name',
      `endpoints:\n  a: { ${GOOD} }\n  b: { ${GOOD} }\n  a: { ${GOOD} }\n`,
      ':4:3: "a" is there twice',
    ],
    ['two deployments of one model', withEndpoint('cloud: openai, deployments: { m: x, m: y }'), ':3:44: "m" is there twice'],
    [
      'a name with a slash',
      `endpoints:\n  eu/a: { ${GOOD} }\n`,
      ':2:3: endpoints.eu/a must be made of a-z, 0-9 and "-": rename it',
    ],
    [
      'an unknown cloud',
      withEndpoint('cloud: opanai, deployments: { m: x }'),
      ':3:8: endpoints.a.cloud must be openai, azure, aws or google, not "opanai"',
    ],
    [
      'no cloud',
      withEndpoint('deployments: { m: x }'),
      ':3:3: endpoints.a.cloud is missing: it must be openai, azure, aws or google',
    ],
    ['endpoints that are a list', 'endpoints:\n  - cloud: openai\n', ':1:1: endpoints must be a map of names'],
    ['no endpoint', 'endpoints: {}\n', ':1:1: endpoints must name at least one endpoint: see anyport.example.yaml'],
    [
      'no deployment',
      withEndpoint('cloud: openai, deployments: {}'),
      ':3:23: endpoints.a.deployments must name at least one model',
    ],
    [
      'text for a switch',
      withEndpoint(`background: "yes", ${GOOD}`),
      ':3:8: endpoints.a.background must be true, false or auto, not "yes"',
    ],
    [
      'a number for a name',
      withEndpoint('cloud: openai, deployments: { m: 3 }'),
      ':3:38: endpoints.a.deployments.m must be text, not 3',
    ],
    [
      'a price below nothing',
      withEndpoint(
        'cloud: openai, deployments: { m: { wireModel: x, price: { inputUsdPerMillion: -1, outputUsdPerMillion: 1 } } }',
      ),
      'price.inputUsdPerMillion must be at least 0, not -1',
    ],
    [
      'an unknown capability',
      withEndpoint('cloud: openai, deployments: { m: { wireModel: x, capabilities: [tools, fly] } }'),
      ':3:79: endpoints.a.deployments.m.capabilities.1 must be streaming, tools',
    ],
    [
      'an unknown cloud of a tenant',
      `${withEndpoint(GOOD)}tenants: { t: { order: [mars] } }\n`,
      'tenants.t.order.0 must be openai, azure, aws or google, not "mars"',
    ],
    ...['tenants: { a: {}, __proto__: {} }', 'tenants: { a: { substitution: { "__proto__": [x] } } }'].map((tenants) => [
      `a key that would vanish, in ${tenants}`,
      `${withEndpoint(GOOD)}${tenants}\n`,
      `:4:${tenants.search(/"?__proto__/) + 1}: "__proto__" cannot be a key or a name: rename or remove it`,
    ]),
    [
      'a surface that would vanish',
      `${withEndpoint(GOOD)}catalog:\n  surfaces:\n    __proto__: { product: model }\n`,
      ':6:5: "__proto__" cannot be a key or a name',
    ],
    [
      'a key that would vanish, by an alias',
      `${withEndpoint(GOOD)}tenants:\n  a: { deny: [&k __proto__] }\n  *k : {}\n`,
      ':6:3: "__proto__" cannot be a key or a name',
    ],
    [
      'a tenant that no request can name',
      `${withEndpoint(GOOD)}tenants:\n  "acme eu": {}\n`,
      ':5:3: tenants.acme eu must begin with a letter or digit and go on with these',
    ],
    [
      'a part of a token',
      withEndpoint('cloud: openai, deployments: { m: { wireModel: x, limits: { tokensPerMinute: 1.5 } } }'),
      'limits.tokensPerMinute must be a whole number, not 1.5',
    ],
    [
      'a day that is a number',
      `${withEndpoint(GOOD)}tenants: { t: { entitlements: [{ offering: "openai/*", from: 2026 }] } }\n`,
      'tenants.t.entitlements.0.from must be a day such as 2026-11-17, not 2026',
    ],
    [
      'a budget out of its range',
      `${withEndpoint(GOOD)}tenants:\n  t: { budget: { turns: 0 } }\n`,
      ':5:18: tenants.t.budget.turns ',
    ],
    [
      'a price from a day that is none',
      withEndpoint(
        'cloud: openai, deployments: { m: { wireModel: x, price: [{ from: 2026-13-01, inputUsdPerMillion: 1, outputUsdPerMillion: 1 }] } }',
      ),
      'endpoints.a.deployments.m.price.0.from must be a day such as 2026-11-17',
    ],
    [
      'a silence that is no time',
      withEndpoint(`timeouts: { idleSeconds: 0 }, ${GOOD}`),
      ':3:20: endpoints.a.timeouts.idleSeconds must be at least 0.1',
    ],
    [
      'a limit of nothing',
      withEndpoint('cloud: openai, deployments: { m: { wireModel: x, limits: { tokensPerMinute: 0 } } }'),
      'endpoints.a.deployments.m.limits.tokensPerMinute',
    ],
    [
      'an unknown sandbox',
      `${withEndpoint(GOOD)}sandbox: maybe\n`,
      ':4:1: sandbox must be required, optional or none, not "maybe"',
    ],
  ])('%s', (_case, text = '', message = '') => {
    expect(() => load(text)).toThrow(message);
    expect(() => load(text)).toThrow(file);
  });

  test('all of them at once', () => {
    const text = 'endpoints:\n  a: { cloud: mars, deployments: { m: x } }\n  b: { cloud: openai }\nsandbox: maybe\n';

    expect(() => load(text)).toThrow(/^3 mistakes in the configuration:\n.*:2:8: .*\n.*:3:3: .*\n.*:4:1: /);
  });
});

describe('what does not go together is refused with its line, and what to do', () => {
  test.each([
    ['google without a project', 'cloud: google, deployments: { m: x }', ':3:3: endpoint a: cloud google needs a project: add'],
    ['aws without a region', 'cloud: aws, deployments: { m: x }', ':3:3: endpoint a: cloud aws needs a region: add'],
    [
      'azure without its address',
      'cloud: azure, deployments: { m: x }',
      ':3:3: endpoint a: cloud azure needs the resource’s address: add',
    ],
    ['a project elsewhere', `project: p, ${GOOD}`, ':3:8: endpoint a: project is for cloud google, not openai: remove it'],
    [
      'a surface elsewhere',
      `surface: bedrock-runtime, ${GOOD}`,
      ':3:8: endpoint a: surface is for cloud aws, not openai: remove it',
    ],
    ['an unencrypted address elsewhere', `baseUrl: "http://example.com", ${GOOD}`, 'use https://'],
    [
      'an address that is none',
      `baseUrl: example, ${GOOD}`,
      ':3:8: endpoint a: baseUrl is no web address: write https://HOST/PATH',
    ],
    [
      'background where there is none',
      'cloud: google, project: p, background: true, deployments: { m: x }',
      ':3:35: endpoint a: background: true, but the deployment of m has no background mode: remove it',
    ],
    [
      'two ways of auth',
      `auth: { apiKeyEnv: A, apiKeyFile: b }, ${GOOD}`,
      ':3:8: endpoint a: auth needs exactly one way, this has 2',
    ],
    ['no way of auth', `auth: {}, ${GOOD}`, 'this has 0: keep or add one of apiKeyEnv, apiKeyFile'],
    ['a way of another cloud', `auth: { profile: p }, ${GOOD}`, 'cloud openai does not take profile: use one of apiKeyEnv'],
    [
      'half an access key',
      'cloud: aws, region: r, auth: { accessKeyIdEnv: A }, deployments: { m: x }',
      'auth has a part of an access key: it needs accessKeyIdEnv and secretAccessKeyEnv',
    ],
    [
      'a session token beside a profile',
      'cloud: aws, region: r, auth: { profile: p, sessionTokenEnv: A }, deployments: { m: x }',
      'auth has a part of an access key',
    ],
  ])('%s', (_case, keys, message) => {
    expect(() => load(withEndpoint(keys))).toThrow(message);
    expect(() => load(withEndpoint(keys))).toThrow(file);
  });
});

describe('a secret in the wrong place is refused without being quoted', () => {
  test.each([
    ['instead of the variable’s name', withAuth('{ apiKeyEnv: sk-very-secret }'), 'not the secret itself'],
    ['under a key of its own', withAuth('{ apiKey: sk-very-secret }'), 'unknown key "apiKey"'],
    ['as a key', withAuth('{ sk-very-secret: }'), 'unknown key: remove it'],
    ['as the whole of auth', withAuth('sk-very-secret'), 'endpoints.a.auth must be a map of keys'],
    ['within an address', withEndpoint(`baseUrl: "https://u:sk-very-secret@example.com", ${GOOD}`), 'credentials belong to auth'],
    ['in a line that is not YAML', 'endpoints:\n  a: { auth: sk-very-secret\n', 'not valid YAML'],
  ])('%s', (_case, text, message) => {
    expect(() => load(text)).toThrow(ConfigError);
    expect(() => load(text)).toThrow(message);
    expect(() => load(text)).not.toThrow('very-secret');
  });
});

describe('what a tenant says of its turns', () => {
  test.each([
    [
      'an unknown endpoint after a content filter',
      `${withEndpoint(GOOD)}tenants:\n  acme: { hourUsd: 2, afterContentFilter: [aa] }\n`,
      ':5:23: tenant acme: there is no endpoint "aa": use one that is configured (nearest: a)',
    ],
    [
      'an hour that pays the tenant for waiting',
      `${withEndpoint(GOOD)}tenants:\n  acme: { hourUsd: -1 }\n`,
      ':5:11: tenants.acme.hourUsd',
    ],
  ])('is refused when it is %s', (_case, text, message) => {
    expect(() => load(text)).toThrow(message);
  });

  test('is known, with the capacity that is reserved', () => {
    const config = load(
      [
        'endpoints:',
        '  a: { cloud: openai, deployments: { m: { wireModel: x, capacity: reserved } } }',
        'tenants:',
        '  acme: { hourUsd: 2.5, afterContentFilter: [a] }',
      ].join('\n'),
    );

    const policy = defaultPolicy('acme');
    expect(config.tenants).toEqual([{ name: 'acme', policy, hourUsdMicros: 2_500_000, afterContentFilter: ['a'] }]);
    expect(config.endpoints[0]?.deployments[0]?.capacity).toBe('reserved');
  });
});

test('limits per minute are known, and a host of its own is called by its name', () => {
  const secrets = { AZURE_OPENAI_API_KEY: 'k', OPENAI_API_KEY: 'k' };
  const { served } = resolveEndpoints(loadConfig({ file: EXAMPLE, environment, workingDirectory: folder }), secrets);
  const deployments = served.flatMap((each) => each.deployments);

  expect(deployments.map(({ limits }) => limits)).toEqual([
    undefined,
    { requestsPerMinute: 500, tokensPerMinute: 2_000_000 },
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  const sites = ['example.openai.azure.com', 'openai -', 'aws us-east-1', 'google global', 'openai -', 'aws us-east-1'];
  expect(deployments.map(({ site }) => site)).toEqual(sites);
});

test('a price is one for always, or one for each day from which it is charged', () => {
  const day = '{ inputUsdPerMillion: 1, cacheWriteUsdPerMillion: 2, outputUsdPerMillion: 3';
  const later = '{ from: 2026-12-01, inputUsdPerMillion: 5, outputUsdPerMillion: 6 }';
  const { endpoints } = load(`endpoints:
  a:
    cloud: openai
    deployments:
      one: { wireModel: x, price: ${day} } }
      two: { wireModel: x, price: [${day}, from: 2026-11-17 }, ${later}] }
`);

  const inputAt = (at: string) =>
    (endpoints[0]?.deployments ?? []).map(({ prices }) => priceAt(prices, Date.parse(at)).inputUsdMicrosPerMillion);
  expect(inputAt('2026-11-30T23:59:59Z')).toEqual([1_000_000, 1_000_000]);
  expect(inputAt('2026-12-01')).toEqual([1_000_000, 5_000_000]);
  expect(endpoints[0]?.deployments[0]?.prices[0].price.cacheWriteUsdMicrosPerMillion).toBe(2_000_000);
});

test('a tenant of which nothing is said is one for whom the defaults hold', () => {
  const { tenants } = load(`${withEndpoint(GOOD)}tenants:\n  acme:\n`);

  expect(tenants).toEqual([{ name: 'acme', policy: defaultPolicy('acme') }]);
});

test.each(['acme', 'a', '9._-', 'a'.repeat(64), 'a'.repeat(65), '-a', '.a', 'a/b', 'ä', 'a b', '', 'a\n'])(
  'a tenant may be in the file when a request can name it: %j',
  (tenant) => {
    const asked = isRefused(() => parseTaskRequest({ prompt: 'p', model: 'm', tenant }));
    const configured = isRefused(() => load(`${withEndpoint(GOOD)}tenants: { ${JSON.stringify(tenant)}: {} }\n`));

    expect(configured).toBe(asked);
  },
);

function isRefused(attempt: () => unknown): boolean {
  try {
    attempt();
    return false;
  } catch {
    return true;
  }
}

test('what a deployment can do is told apart from what the file lists', () => {
  const { endpoints } = load(withEndpoint('cloud: openai, deployments: { a: x, b: { wireModel: x, capabilities: [tools] } }'));

  expect(endpoints[0]?.deployments.map(({ ownCapabilities }) => ownCapabilities)).toEqual([undefined, ['tools']]);
});

test('how long silence is borne is told in seconds, and left to the defaults where nothing is said', () => {
  const { endpoints } = load(withEndpoint(`timeouts: { firstEventSeconds: 0.5 }, ${GOOD}`));

  expect(endpoints[0]?.timeouts).toEqual({ firstEventMs: 500 });
});

describe('a service of managed agents', () => {
  const service = (keys: string): string =>
    `endpoints:\n  a: { ${keys}, deployments: { m: { wireModel: x, agent: agent_1 } } }\n`;

  test('is of one cloud, and its deployments are sold as managed agents', () => {
    const { endpoints } = load(service('cloud: openai, service: agents-api'));

    expect(endpoints[0]).toMatchObject({ service: 'agents-api', deployments: [{ agent: 'agent_1' }] });
    expect(endpoints[0]?.deployments[0]?.place).toMatchObject({ surface: 'openai/commercial/agents-api', name: 'global' });
  });

  test.each([
    ['cloud: google, project: p, service: agents-api', 'service agents-api is of cloud openai, not google'],
    ['cloud: openai, service: agents', 'service must be'],
    ['cloud: openai, service: agents-api, background: true', 'background is for models'],
    ['cloud: openai', 'agent is for endpoints with a service of managed agents'],
    ['cloud: aws, region: us-east-1, service: bedrock-managed-agents', 'needs a runtime'],
    ['cloud: aws, region: us-east-1, service: bedrock-managed-agents', 'has no saved agents'],
    [
      'cloud: azure, baseUrl: https://a.services.ai.azure.com/api/projects/p, service: foundry-agents',
      'takes a token of Entra ID',
    ],
    [
      'cloud: openai, service: agents-api, runtime: { roleArn: a, runtimeArn: b }',
      'runtime is for service bedrock-managed-agents',
    ],
  ])('with %s says what is wrong', (keys, words) => {
    expect(() => load(service(keys))).toThrow(words);
  });
});

describe('commands', () => {
  test('have limits of ours, each of which a file may replace', () => {
    const file = 'commands: { maxMemoryMiB: 512, maxOutputMiB: 8 }\n';

    expect(load(withEndpoint(GOOD)).commands).toEqual({
      memoryBytes: 4 * 1024 ** 3,
      processes: 2_048,
      outputBytes: 256 * 1024 ** 2,
    });
    expect(load(`${withEndpoint(GOOD)}${file}`).commands).toEqual({
      memoryBytes: 512 * 1024 ** 2,
      processes: 2_048,
      outputBytes: 8 * 1024 ** 2,
    });
  });

  test.each([
    ['maxMemoryMiB: 1', 'commands.maxMemoryMiB must be at least 64, not 1'],
    ['maxProcesses: 4.5', 'commands.maxProcesses'],
    ['maxOutputMiB: 0', 'commands.maxOutputMiB must be at least 1, not 0'],
    ['memory: 1', 'memory'],
  ])('with %s say what is wrong', (key, words) => {
    expect(() => load(`${withEndpoint(GOOD)}commands: { ${key} }\n`)).toThrow(words);
  });
});

describe('workspaces', () => {
  test('have defaults of ours, each of which a file may replace', () => {
    const file = [
      'workspaces:',
      '  base: always',
      '  maxFileMiB: 1',
      '  setUp: [{ when: package-lock.json, run: npm ci }, { run: make deps }]',
      '  maintenance: npm rebuild',
      '  cacheMaxGiB: 0.5',
    ].join('\n');

    expect(load(withEndpoint(GOOD)).workspaces).toEqual({
      limits: { base: 'auto', maxBaseBytes: 256 * 1024 ** 2, maxFileBytes: 64 * 1024 ** 2, maxCheckpointBytes: 256 * 1024 ** 2 },
      setUp: { rules: [], repositoryScript: false, cacheMaxBytes: 10 * 1024 ** 3 },
    });
    expect(load(`${withEndpoint(GOOD)}${file}\n`).workspaces).toMatchObject({
      limits: { base: 'always', maxBaseBytes: 256 * 1024 ** 2, maxFileBytes: 1024 ** 2 },
      setUp: {
        rules: [{ when: 'package-lock.json', run: 'npm ci' }, { run: 'make deps' }],
        maintenance: 'npm rebuild',
        cacheMaxBytes: 512 * 1024 ** 2,
      },
    });
  });

  test.each([
    ['base: sometimes', 'workspaces.base must be auto, always or never, not "sometimes"'],
    ['maxFileMiB: 0', 'workspaces.maxFileMiB must be at least 1, not 0'],
    ['setUp: [{ when: ../x, run: a }]', 'must be the path of a file in the repository'],
    ['setUp: [{ when: a }]', 'workspaces.setUp.0.run is missing'],
    ['setup: []', 'setup'],
  ])('with %s say what is wrong', (key, words) => {
    expect(() => load(`${withEndpoint(GOOD)}workspaces: { ${key} }\n`)).toThrow(words);
  });
});
