import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { findTemporalBinary } from '../../scripts/temporal-binary.mjs';
import { startTemporalServer } from '../../workers/dev/temporal-server.ts';
import type { Check } from '../../workers/doctor/check.ts';
import { judgeSpace } from '../../workers/doctor/check-disk.ts';
import { scratchDirectory } from './scratch-directory.ts';

const DOCTOR = fileURLToPath(new URL('../../workers/doctor.ts', import.meta.url));
const binary = (await findTemporalBinary())?.path ?? '';
const SLOW_MS = 60_000;
/** Nothing listens on the discard port. */
const NO_SERVER = { TEMPORAL_ADDRESS: '127.0.0.1:9' };

test.skipIf(binary === '')(
  'finds the server, the store and git of a good machine (skipped without a Temporal binary)',
  { timeout: SLOW_MS },
  async () => {
    const server = await startTemporalServer({ binary, ports: { grpc: 0, ui: 0 } });
    onTestFinished(() => server.stop());

    const { checks } = await examine({ environment: { TEMPORAL_ADDRESS: server.address } });

    expect(checks['temporal']).toMatchObject({ state: 'ok' });
    expect(checks['store']).toMatchObject({ state: 'ok' });
    expect(checks['disk']?.detail).toMatch(/\d+ MB are free/);
    expect(checks['git']).toMatchObject({ state: 'ok' });
    expect(checks['node']).toMatchObject({ state: 'ok' });
  },
);

test('names a server that does not answer, says what to do, and ends with 1', { timeout: SLOW_MS }, async () => {
  const { code, checks } = await examine({ environment: NO_SERVER });

  expect(code).toBe(1);
  expect(checks['temporal']).toMatchObject({ state: 'problem' });
  expect(checks['temporal']?.detail).toContain('127.0.0.1:9');
  expect(checks['temporal']?.remedy).toContain('npm start');
});

test('knocks at the door of each endpoint, and tells whose door nobody opens', { timeout: SLOW_MS }, async () => {
  const door = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void door.close());
  await once(door, 'listening');
  const address = door.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const config = `
endpoints:
  with-key: { cloud: openai, baseUrl: "http://127.0.0.1:${port}/v1", auth: { apiKeyEnv: GIVEN_KEY }, deployments: { gpt-6.1-sol: gpt-6.1-sol } }
  nobody-there: { cloud: openai, baseUrl: "http://127.0.0.1:9/v1", auth: { apiKeyEnv: GIVEN_KEY }, deployments: { gpt-6.1-sol: gpt-6.1-sol } }
`;

  const { stdout, checks } = await examine({ config, environment: { ...NO_SERVER, GIVEN_KEY: 'sk-very-secret' } });

  expect(checks['endpoint with-key']).toMatchObject({ state: 'ok' });
  expect(checks['endpoint nobody-there']).toMatchObject({ state: 'problem' });
  expect(stdout).not.toContain('sk-very-secret');
});

test('loads tools and asks MCP servers for theirs', { timeout: SLOW_MS }, async () => {
  const programs = fileURLToPath(new URL('../mcp/', import.meta.url));
  const folder = scratchDirectory();
  const server = (file: string, ...args: readonly string[]) =>
    `{ command: "${process.execPath}", args: ["${programs}${file}", ${args.map((each) => `"${each}"`).join(', ')}]`;
  const config = `
endpoints: { a: { cloud: openai, deployments: { m: m } } }
tools: ["${fileURLToPath(new URL('../../docs/examples/order-tools.ts', import.meta.url))}"]
mcpServers:
  good: ${server('stdio-server.ts', folder)}, allowTools: [echo, 'p*', ecco] }
  partly: ${server('lying-server.ts', 'bad-schemas', folder)} }
  away: ${server('lying-server.ts', 'ends', folder)} }
  needed: { url: "http://127.0.0.1:${await closedPort()}/mcp", required: true }
`;

  const { checks } = await examine({ config, environment: { ...NO_SERVER, OPENAI_API_KEY: 'k' } });

  expect(checks['tools']).toMatchObject({ state: 'ok', detail: '2 tools: cancel_order, find_order' });
  expect(checks['MCP server good']).toMatchObject({
    state: 'note',
    detail: '3 tools: echo, progress, picture; no tool is called "ecco"',
  });
  expect(checks['MCP server partly']).toMatchObject({
    state: 'note',
    detail: expect.stringContaining('2 tools: b, good; "a" has'),
  });
  expect(checks['MCP server away']).toMatchObject({ state: 'note', detail: 'it ended with code 7' });
  expect(checks['MCP server needed']).toMatchObject({
    state: 'problem',
    detail: 'it does not answer (ECONNREFUSED)',
    remedy: expect.stringContaining('no task is opened without it'),
  });
});

/** Some ports are known to Node as no web server's, so that it never knocks. */
async function closedPort(): Promise<number> {
  const door = createServer().listen(0, '127.0.0.1');
  await once(door, 'listening');
  const address = door.address();
  await new Promise((done) => door.close(done));
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

test('tells what commands may reach, and tries the way there', { timeout: SLOW_MS }, async () => {
  const config =
    "endpoints: { a: { cloud: openai, deployments: { m: m } } }\nnetwork: { allow: [registry.npmjs.org, '*.pypi.org:8443'] }\n";
  const environment = { ...NO_SERVER, OPENAI_API_KEY: 'k' };

  const [some, none, unconfined] = await Promise.all([
    examine({ config, environment }),
    examine({ config: config.replace(/network.*/, ''), environment }),
    examine({ config, environment: { ...environment, ANYPORT_SANDBOX: 'none' } }),
  ]);

  const isConfined = some.checks['sandbox']?.state === 'ok';
  expect(some.checks['network']).toMatchObject({
    state: isConfined ? 'ok' : 'problem',
    detail: expect.stringMatching(/^2 hosts allowed: registry\.npmjs\.org, \*\.pypi\.org:8443/),
  });
  expect(none.checks['network']).toMatchObject({ state: 'ok', detail: expect.stringMatching(/^off: /) });
  expect(unconfined.checks['network']).toMatchObject({ state: 'note', detail: expect.stringContaining('has no effect') });
});

test('says once what to do without a server', { timeout: SLOW_MS }, async () => {
  // The usual address may be taken on this machine: a profile names one where nobody listens.
  const profile = join(scratchDirectory(), 'temporal.toml');
  writeFileSync(profile, '[profile.default]\naddress = "127.0.0.1:9"\n');

  const { checks } = await examine({ environment: { TEMPORAL_CONFIG_FILE: profile } });

  expect(checks['temporal']).toMatchObject({ state: 'problem', remedy: expect.stringContaining('npm start') });
  expect(checks['temporal']?.detail).toContain('127.0.0.1:9');
  expect(checks['temporal']?.detail).not.toContain('npm start');
});

test.each([
  [99, 'problem'],
  [100, 'note'],
  [1_023, 'note'],
  [1_024, 'ok'],
])('with %i MB free the disk is a %s', (freeMb, state) => {
  const check = judgeSpace('/data', freeMb * 1024 ** 2);

  expect(check).toMatchObject({ check: 'disk', state });
  expect(check.remedy === undefined).toBe(state === 'ok');
});

test('names the variable that an endpoint lacks, and its line', { timeout: SLOW_MS }, async () => {
  const config =
    'endpoints:\n  a: { cloud: openai, auth: { apiKeyEnv: ABSENT_KEY }, deployments: { gpt-6.1-sol: gpt-6.1-sol } }\n';

  const { code, checks } = await examine({ config, environment: NO_SERVER });

  expect(code).toBe(1);
  expect(checks['configuration']).toMatchObject({ state: 'ok' });
  expect(checks['endpoint a']).toMatchObject({ state: 'problem', remedy: expect.stringContaining('set the secrets') });
  expect(checks['endpoint a']?.detail).toMatch(/the variable ABSENT_KEY is not set.*given\.yaml:2:23/);
});

test('an endpoint that is left to other workers is only noted, with what to do', { timeout: SLOW_MS }, async () => {
  const config =
    'endpoints:\n' +
    '  a: { cloud: openai, baseUrl: "http://127.0.0.1:9/", auth: { apiKeyEnv: GIVEN_KEY }, deployments: { m: m } }\n' +
    '  b: { cloud: openai, auth: { apiKeyEnv: ABSENT_KEY }, deployments: { m: m } }\n';

  const { checks } = await examine({ config, environment: { ...NO_SERVER, GIVEN_KEY: 'sk' } });

  expect(checks['endpoint b']).toMatchObject({ state: 'note', remedy: expect.stringContaining('a worker elsewhere') });
  expect(checks['endpoint b']?.detail).toContain('ABSENT_KEY');
});

test('a configuration that cannot be read is one problem among the others', { timeout: SLOW_MS }, async () => {
  const { checks } = await examine({ config: 'endpoints: {}\nno-such-key: 1\n', environment: NO_SERVER });

  expect(checks['configuration']).toMatchObject({ state: 'problem' });
  expect(checks['configuration']?.detail).toContain('no-such-key');
  expect(checks['git']).toMatchObject({ state: 'ok' });
});

test('a variable that is set to nothing is none', { timeout: SLOW_MS }, async () => {
  const { checks } = await examine({ environment: { ...NO_SERVER, ANYPORT_CONFIG: '', ANYPORT_SANDBOX: '', ANYPORT_DATA: '' } });

  expect(checks['configuration']).toMatchObject({ state: 'ok', detail: expect.stringContaining('environment') });
});

test('a store that is no database is told with its path', { timeout: SLOW_MS }, async () => {
  const data = scratchDirectory();
  writeFileSync(join(data, 'anyport.db'), 'no database at all, and long enough to be read as one'.repeat(50));

  const { checks } = await examine({ data, environment: NO_SERVER });

  expect(checks['store']).toMatchObject({ state: 'problem' });
  expect(checks['store']?.detail).toContain(join(data, 'anyport.db'));
});

interface Examination {
  readonly environment: Record<string, string>;
  readonly config?: string;
  readonly data?: string;
}

async function examine({ environment, config, data = scratchDirectory() }: Examination) {
  const directory = join(scratchDirectory(), 'empty');
  mkdirSync(directory);
  const args = ['--json', '--data', data];
  if (config !== undefined) {
    writeFileSync(join(directory, 'given.yaml'), config);
    args.push('--config', join(directory, 'given.yaml'));
  }
  const env = { PATH: process.env['PATH'], HOME: directory, ...environment };
  const child = spawn(process.execPath, [DOCTOR, ...args], { cwd: directory, env, stdio: ['ignore', 'pipe', 'inherit'] });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  await once(child, 'close');
  // The lines are written by the program under test; a wrong one fails the expectations.
  const found = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Check);
  return { code: child.exitCode, stdout, checks: Object.fromEntries(found.map((check) => [check.check, check])) };
}
