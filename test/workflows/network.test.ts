/** Tasks whose commands reach hosts that the operator allowed. */
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { probeBubblewrap } from '../../activities/sandbox/probe-sandbox.ts';
import { MODEL } from '../support/builders.ts';
import { eventually } from '../support/eventually.ts';
import { layOutGitRepository } from '../support/git-repository.ts';
import type { Cluster } from '../support/start-cluster.ts';
import { startCluster } from '../support/start-cluster.ts';
import { toolResultsOf } from '../support/tool-results.ts';

const probe = await probeBubblewrap();
const why = probe.kind === 'usable' ? '' : ` (skipped: ${probe.reason})`;

let cluster: Cluster;
let registry: Server;
let workspace: string;
let host: string;
const asked: (string | undefined)[] = [];

/** A name of this host that every resolver knows; programs would go around the proxy for it. */
const GET = "curl -sS --noproxy ''";

beforeAll(async () => {
  registry = createServer(({ method, url }, response) => {
    asked.push(`${method} ${url}`);
    response.end('a package\n');
  }).listen(0, 'localhost');
  await once(registry, 'listening');
  const { port } = registry.address() as AddressInfo; // it listens on TCP
  host = `http://localhost:${port}`;
  const commands = {
    fetch: `${GET} ${host}/package > package; ${GET} https://evil.example/ || true`,
    publish: `${GET} -X POST ${host}/publish; touch started; sleep 4; echo over > over`,
  };
  cluster = await startCluster({
    script: [
      {
        when: { inputContains: 'fetch it' },
        turns: [{ toolCalls: [{ name: 'exec_command', input: { cmd: commands.fetch } }] }, { text: 'Fetched.' }],
      },
      {
        when: { inputContains: 'publish it' },
        turns: [{ toolCalls: [{ name: 'exec_command', input: { cmd: commands.publish } }] }, { text: 'Published, perhaps.' }],
      },
    ],
    endpoints: ['azure-eastus2'],
    configuration: {
      network: { allow: [{ host: 'localhost', ports: [port], privateAddresses: true }] },
      workspaces: { setUp: [{ when: 'lock.json', run: `${GET} ${host}/dependency > installed` }] },
    },
    tenants: { narrow: { network: { allow: [] } } },
  });
  workspace = layOutGitRepository(join(cluster.directory, 'repository'), { 'readme.txt': 'hello\n' });
});
afterAll(async () => {
  await cluster.stop();
  registry.close();
});

describe.skipIf(probe.kind !== 'usable')(`a task with a network${why}`, () => {
  test('downloads from an allowed host, and is told in words of a refused one', async () => {
    await cluster.tasks.start({ prompt: 'fetch it', model: MODEL, workspace }, { taskId: 'fetches' });

    const result = await cluster.tasks.result('fetches');

    expect(result.diff).toContain('+a package');
    const [output] = await toolResultsOf(cluster.store, 'fetches');
    expect(output?.output).toContain("[sandbox] A connection was refused: evil.example:443 is not in this host's allow-list");
    expect(cluster.said.join('\n')).toContain('WARN a sandbox was refused a connection to evil.example');
  });

  test('has it in its set-up and its check, too', async () => {
    const files = { 'lock.json': '{}', '.gitignore': 'installed\n' };
    const prepared = layOutGitRepository(join(cluster.directory, 'prepared'), files);
    const check = { command: `grep 'a package' installed && ${GET} ${host}/check` };
    await cluster.tasks.start({ prompt: 'fetch it', model: MODEL, workspace: prepared, check }, { taskId: 'prepared' });

    const result = await cluster.tasks.result('prepared');

    expect(result).toMatchObject({ state: 'completed', check: { outcome: 'passed' } });
    expect(asked).toEqual(expect.arrayContaining(['GET /dependency', 'GET /check']));
  });

  test.each([
    ['of a tenant who is allowed none', { tenant: 'narrow' }],
    ['that wants none', { network: 'none' as const }],
  ])('%s reaches none', async (_what, asked) => {
    const { taskId } = await cluster.tasks.start({ prompt: 'fetch it', model: MODEL, workspace, ...asked });

    const result = await cluster.tasks.result(taskId);

    expect(result.diff).not.toContain('a package');
    const [output] = await toolResultsOf(cluster.store, taskId);
    expect(output?.output).toMatch(/Could not resolve|Failed to connect|Couldn't connect/);
  });

  test('never runs a command again by itself that a worker died in: it may have published something', async () => {
    await cluster.tasks.start({ prompt: 'publish it', model: MODEL, workspace }, { taskId: 'publishes' });
    const tree = join(cluster.hostFolder('data'), 'workspaces', 'publishes', 'tree');
    await eventually('the command has started', async () => (existsSync(join(tree, 'started')) ? true : undefined));
    const worker = cluster.worker();
    worker.kill();
    await worker.exited;
    await cluster.startWorker();

    const result = await cluster.tasks.result('publishes');

    expect(result).toMatchObject({ state: 'completed', toolEffectsTwice: 0 });
    expect((await toolResultsOf(cluster.store, 'publishes'))[0]).toMatchObject({ outcome: 'unknown' });
    expect(asked.filter((line) => line === 'POST /publish')).toHaveLength(1);
  });
});
