/** Secrets, and the endpoints that a worker serves because it has them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { SecretReference } from '../../workers/anyport-config.ts';
import { loadConfig } from '../../workers/config.ts';
import { resolveEndpoints } from '../../workers/endpoints.ts';
import type { Environment } from '../../workers/read-secret.ts';
import { missingSecrets, readSecret } from '../../workers/read-secret.ts';

const WORKER = fileURLToPath(new URL('../../workers/main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'anyport-secrets-'));
const file = join(folder, 'anyport.yaml');
const THREE_CLOUDS = `endpoints:
  azure-eu:
    cloud: azure
    baseUrl: https://mine.openai.azure.com/openai/v1/
    auth: { apiKeyEnv: AZURE_KEY }
    deployments: { m: azure-m }
  aws-us:
    cloud: aws
    region: us-east-1
    auth: { accessKeyIdEnv: AWS_ID, secretAccessKeyEnv: AWS_SECRET }
    deployments: { m: aws-m, other: aws-other }
  openai:
    cloud: openai
    auth: { apiKeyFile: ${join(folder, 'openai.key')} }
    deployments: { m: m }
`;

function variable(name: string): SecretReference {
  return { kind: 'environment', name };
}

function resolve(environment: Environment) {
  writeFileSync(file, THREE_CLOUDS);
  return resolveEndpoints(loadConfig({ file, environment, workingDirectory: folder }), environment);
}

describe('a secret', () => {
  test('comes from its variable or its file, without the white space around it', () => {
    const path = join(folder, 'good.key');
    writeFileSync(path, 'sk-file\n');

    expect(readSecret({ kind: 'environment', name: 'KEY' }, { KEY: ' sk-variable\n' })).toEqual({ secret: 'sk-variable' });
    expect(readSecret({ kind: 'file', path }, {})).toEqual({ secret: 'sk-file' });
  });

  test('that is missing is told by where it should be, and what to do', () => {
    const [empty, absent] = [join(folder, 'empty.key'), join(folder, 'absent.key')];
    writeFileSync(empty, ' \n');

    expect(readSecret({ kind: 'environment', name: 'KEY' }, {})).toEqual({
      problem: expect.stringContaining('variable KEY is not set: set it'),
    });
    expect(readSecret({ kind: 'environment', name: 'KEY' }, { KEY: ' ' })).toHaveProperty('problem');
    expect(readSecret({ kind: 'file', path: empty }, {})).toEqual({
      problem: `the file ${empty} is empty: put the secret there`,
    });
    expect(readSecret({ kind: 'file', path: absent }, {})).toEqual({
      problem: `the file ${absent} cannot be read: check its path and rights`,
    });
    expect(readSecret({ kind: 'file', path: folder }, {})).toHaveProperty('problem');
  });

  test('of an access key may be missing in part, and an optional session token must be there once it is named', () => {
    const auth = { kind: 'access-key', accessKeyId: variable('ID'), secretAccessKey: variable('SECRET') } as const;

    expect(missingSecrets(auth, { ID: 'a' })).toEqual([expect.stringContaining('SECRET')]);
    expect(missingSecrets(auth, { ID: 'a', SECRET: 'b' })).toEqual([]);
    expect(missingSecrets({ ...auth, sessionToken: variable('TOKEN') }, { ID: 'a', SECRET: 'b' })).toEqual([
      expect.stringContaining('TOKEN'),
    ]);
  });
});

describe('a worker that has the secrets of one cloud only', () => {
  test('serves that one, and tells of the others which secret is missing, at which line', () => {
    const { served, unserved } = resolve({ AZURE_KEY: 'az' });

    expect(served.map(({ name, connection }) => [name, connection.cloud])).toEqual([['azure-eu', 'azure']]);
    expect(unserved).toEqual([
      {
        name: 'aws-us',
        problems: [
          `${file}:10:5: endpoint aws-us: the variable AWS_ID is not set: set it where Anyport is started`,
          `${file}:10:5: endpoint aws-us: the variable AWS_SECRET is not set: set it where Anyport is started`,
        ],
      },
      { name: 'openai', problems: [expect.stringContaining(`${file}:14:5: endpoint openai: the file`)] },
    ]);
  });

  test('plans routes over all of them, as one that has every secret does', () => {
    const [some, all] = [resolve({ AZURE_KEY: 'az' }), resolve({ AZURE_KEY: 'az', AWS_ID: 'id', AWS_SECRET: 's' })];
    expect(some.placed.map(({ deployment }) => deployment.endpoint).toSorted()).toEqual([
      'aws-us',
      'aws-us',
      'azure-eu',
      'openai',
    ]);
    expect(some.placed).toEqual(all.placed);
    expect(some.deployments).toEqual(all.deployments);
    expect(some.served.flatMap(({ deployments }) => deployments.map(({ deployment }) => deployment))).toEqual(
      some.deployments.filter(({ endpoint }) => endpoint === 'azure-eu'),
    );
  });

  test('says so at its start', async () => {
    const said = await startWorker({ AZURE_KEY: 'az' }, 'is not served from here');

    expect(said).toContain('WARN endpoint aws-us is not served from here, but left to other workers:');
    expect(said).toContain(`${file}:10:5: endpoint aws-us: the variable AWS_SECRET is not set`);
    expect(said).not.toContain('endpoint azure-eu');
  });
});

test('a worker that could serve no endpoint at all does not start, and names every missing secret', async () => {
  const said = await startWorker({}, 'anyport worker: ');

  expect(said).toMatch(/^anyport worker: 4 mistakes in the configuration:/);
  for (const secret of ['AZURE_KEY', 'AWS_ID', 'AWS_SECRET', 'openai.key']) expect(said).toContain(secret);
});

test.skipIf(process.getuid?.() === 0)(
  'a file without the right to read it is like one that is not there (skipped as root)',
  () => {
    const path = join(folder, 'closed.key');
    writeFileSync(path, 'sk-file');
    chmodSync(path, 0o000);

    expect(readSecret({ kind: 'file', path }, {})).toEqual({ problem: expect.stringContaining('check its path and rights') });
  },
);

/** Starts one that finds no Temporal server, and gives what it says until the line with `words` has come, and then some. */
async function startWorker(environment: Record<string, string>, words: string): Promise<string> {
  writeFileSync(file, THREE_CLOUDS);
  mkdirSync(join(folder, 'data'), { recursive: true });
  const args = [WORKER, '--config', file, '--data', join(folder, 'data'), '--temporal', '127.0.0.1:9'];
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env['PATH'], ...environment },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    // It goes on to wait for its server, for which there is no need to wait as well.
    if (said.includes(words)) child.kill();
  });
  await once(child, 'close');
  return said;
}
