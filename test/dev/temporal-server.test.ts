import { Client, Connection } from '@temporalio/client';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { findTemporalBinary } from '../../scripts/temporal-binary.mjs';
import type { TemporalServer, TemporalServerOptions } from '../../workers/dev/temporal-server.ts';
import { startTemporalServer } from '../../workers/dev/temporal-server.ts';
import { isAlive } from './is-alive.ts';
import { scratchDirectory } from './scratch-directory.ts';

const binary = (await findTemporalBinary())?.path ?? '';
const ANY_PORTS = { grpc: 0, ui: 0 };
/** The promise is "a few seconds"; a busy machine may need more. */
const GONE = { timeout: 10_000, interval: 50 };

/** A server starts in 0.3 s and stops in 1.5 s; a busy machine takes its time. */
vi.setConfig({ testTimeout: 60_000 });

/** Skipped without a Temporal binary: run node scripts/bootstrap.mjs. */
const testWithServer = test.skipIf(binary === '');

testWithServer('serves gRPC, its namespace and the UI as soon as it is started', async () => {
  const server = await start({});

  const client = await connect(server);
  const { namespaceInfo } = await client.workflowService.describeNamespace({ namespace: 'default' });
  const page = await fetch(server.uiAddress);

  expect(namespaceInfo?.name).toBe('default');
  expect(page.status).toBe(200);
});

testWithServer('goes on with the workflows of an earlier start on the same folder', async () => {
  const dataDirectory = scratchDirectory();
  const first = await start({ dataDirectory });
  const client = await connect(first);
  await client.workflow.start('neverTaken', { workflowId: 'kept', taskQueue: 'nobody' });
  await client.connection.close();
  await first.stop();

  const second = await start({ dataDirectory });

  const description = await (await connect(second)).workflow.getHandle('kept').describe();
  expect(description.status.name).toBe('RUNNING');
});

testWithServer('keeps what it accepted when it is killed outright', async () => {
  const dataDirectory = scratchDirectory();
  const first = await start({ dataDirectory });
  const client = await connect(first);
  await client.workflow.start('neverTaken', { workflowId: 'kept', taskQueue: 'nobody' });
  process.kill(first.pid, 'SIGKILL');
  await first.exited;
  await client.connection.close();

  const second = await start({ dataDirectory });

  const description = await (await connect(second)).workflow.getHandle('kept').describe();
  expect(description.status.name).toBe('RUNNING');
});

testWithServer('takes another port when the wished one is taken', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void other.close());
  await once(other, 'listening');
  const taken = portOf(other.address());

  const server = await start({ ports: { grpc: taken, ui: 0 } });

  expect(server.ports.grpc).not.toBe(taken);
});

testWithServer('is gone when stop() resolves', async () => {
  const server = await start({});

  await server.stop();

  expect(isAlive(server.pid)).toBe(false);
});

testWithServer('does not outlive a parent that is killed outright', async () => {
  const script = fileURLToPath(new URL('hold-temporal-server.ts', import.meta.url));
  const parent = spawn(process.execPath, [script, scratchDirectory()], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string];
  // The line is written by the script beside this test.
  const { pid } = JSON.parse(line) as { pid: number };
  expect(isAlive(pid)).toBe(true);

  parent.kill('SIGKILL');

  await expect.poll(() => isAlive(pid), GONE).toBe(false);
});

testWithServer('does not outlive its guard', async () => {
  const server = await start({});

  process.kill(await parentOf(server.pid), 'SIGKILL');

  await server.exited;
  await expect.poll(() => isAlive(server.pid), GONE).toBe(false);
});

testWithServer('says what to do about a damaged database, and leaves it alone', async () => {
  const dataDirectory = scratchDirectory();
  const file = join(dataDirectory, 'temporal.db');
  writeFileSync(file, 'not a database, long enough to be looked at as one'.repeat(20));

  await expect(start({ dataDirectory })).rejects.toThrow(/temporal\.db is damaged.*--data/s);

  expect(existsSync(file)).toBe(true);
});

testWithServer('says so when the binary cannot be run', async () => {
  await expect(start({ binary: '/no/such/temporal' })).rejects.toThrow('/no/such/temporal cannot be run');
});

testWithServer.each([
  ['without a word', ''],
  ['in a race for a port of its own', 'echo "panic: failed assigning ephemeral port" >&2'],
])('is started again when it ends at once %s', async (_how, says) => {
  const server = await start({ binary: failingOnce(`${says}\nexit 1`) });

  expect((await fetch(server.uiAddress)).status).toBe(200);
});

testWithServer('is given up when it ends without a word each time, with how it ended', async () => {
  const silent = join(scratchDirectory(), 'temporal');
  writeFileSync(silent, '#!/bin/sh\nexit 3\n', { mode: 0o755 });

  await expect(start({ binary: silent })).rejects.toThrow(/did not start \(exit code 3\)\. It said:\n\(nothing\)/);
});

/** The server behind a script that does this on its first run. */
function failingOnce(first: string): string {
  const folder = scratchDirectory();
  const script = join(folder, 'temporal');
  const marker = join(folder, 'has-run');
  const lines = ['#!/bin/sh', `if [ ! -e ${marker} ]; then`, `touch ${marker}`, first, 'fi', `exec ${binary} "$@"`];
  writeFileSync(script, `${lines.join('\n')}\n`, { mode: 0o755 });
  return script;
}

async function start(options: Partial<TemporalServerOptions>): Promise<TemporalServer> {
  const server = await startTemporalServer({ binary, ports: ANY_PORTS, ...options });
  onTestFinished(() => server.stop());
  return server;
}

async function connect(server: TemporalServer): Promise<Client> {
  const connection = await Connection.connect({ address: server.address });
  onTestFinished(() => connection.close());
  return new Client({ connection });
}

function portOf(address: ReturnType<ReturnType<typeof createServer>['address']>): number {
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return address.port;
}

async function parentOf(pid: number): Promise<number> {
  const child = spawn('ps', ['-o', 'ppid=', '-p', String(pid)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return Number.parseInt(line, 10);
}
