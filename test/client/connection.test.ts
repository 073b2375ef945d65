import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectTemporal } from '../../client/connection.ts';
import { uiLink } from '../../client/ui-link.ts';

/** Nobody listens on port 1 and above it, so that each attempt fails at once and names where it went. */
const AT_OPTION = '127.0.0.1:1';
const AT_ENVIRONMENT = '127.0.0.1:2';
const AT_STACK = '127.0.0.1:3';

/** Enough for a connection that is refused. */
const timeoutMs = 200;

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'anyport-connection-'));
});

afterAll(() => rm(directory, { recursive: true }));

describe('connectTemporal', () => {
  it('prefers the option, then TEMPORAL_ADDRESS, then a running local stack', async () => {
    await aStack(process.pid);
    const environment = { TEMPORAL_ADDRESS: AT_ENVIRONMENT, HOME: directory };
    const dataDirectory = directory;

    await expect(connectTemporal({ timeoutMs, address: AT_OPTION, environment, dataDirectory })).rejects.toThrow(
      `${AT_OPTION} (from the option`,
    );
    await expect(connectTemporal({ timeoutMs, environment, dataDirectory })).rejects.toThrow(
      `${AT_ENVIRONMENT} (from TEMPORAL_ADDRESS)`,
    );
    await expect(connectTemporal({ timeoutMs, environment: { HOME: directory }, dataDirectory })).rejects.toMatchObject({
      problem: 'no-server',
      message: expect.stringContaining(`${AT_STACK} (from the local stack of ${directory})`),
    });
  });

  it('does not take the file of a dead stack for a running one', async () => {
    // Beyond the largest process id of Linux and macOS.
    await aStack(2 ** 30);

    const environment = { HOME: directory, TEMPORAL_ADDRESS: AT_ENVIRONMENT };
    await expect(connectTemporal({ timeoutMs, environment, dataDirectory: directory })).rejects.toThrow(AT_ENVIRONMENT);
  });
});

describe('uiLink', () => {
  it('gives the page of a workflow, its id being one part of the path', () => {
    const place = { uiAddress: '127.0.0.1:8233/', namespace: 'default' };

    expect(uiLink(place, 'agent-task/t-1')).toBe('http://127.0.0.1:8233/namespaces/default/workflows/agent-task%2Ft-1');
  });

  it('is nothing when the address is not known', () => {
    expect(uiLink({ uiAddress: null, namespace: 'default' }, 'agent-task/t-1')).toBeNull();
  });
});

function aStack(pid: number): Promise<void> {
  const stack = { temporalAddress: AT_STACK, uiAddress: null, namespace: 'default', pid, emulated: true, controls: {} };
  return writeFile(join(directory, 'dev.json'), JSON.stringify(stack));
}
