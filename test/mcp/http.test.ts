/** Servers over streamable HTTP, over the real wire. */
import type { ServerResponse } from 'node:http';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { McpServerError } from '../../activities/mcp/mcp-server-settings.ts';
import { eventually } from '../support/eventually.ts';
import type { HttpMcpServer } from './http-server.ts';
import { startHttpMcpServer } from './http-server.ts';
import type { McpScene } from './mcp-scene.ts';
import { anMcpScene, LOOKS } from './mcp-scene.ts';

let http: HttpMcpServer;
beforeEach(async () => {
  http = await startHttpMcpServer();
  onTestFinished(() => http.close());
});

function aClient(overrides: Partial<Parameters<typeof anMcpScene>[0]> = {}, readToken?: () => string): McpScene {
  return anMcpScene({
    address: { kind: 'http', url: http.url, ...(readToken === undefined ? {} : { readToken }) },
    ...overrides,
  });
}

function isCall(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'method' in body && body.method === 'tools/call';
}

/** Answers the next call in its place, then never again. */
function once(answer: (response: ServerResponse) => void): void {
  http.intercept = (body, response) => {
    if (!isCall(body)) return false;
    http.intercept = undefined;
    answer(response);
    return true;
  };
}

describe('a server', () => {
  test('is called with the token that it is to have', async () => {
    http.token = 'secret';
    const { names, call } = aClient({}, () => 'secret');

    expect(await names()).toEqual(['mcp__trial__echo', 'mcp__trial__add']);
    expect(await call('echo', { a: 1 })).toEqual({ outcome: 'ok', output: '{"a":1}' });
  });

  test('that refuses the token is away, and the token is told to nobody', async () => {
    http.token = 'another';
    const { names, alerts } = aClient({}, () => 'secret');

    expect(await names()).toEqual([]);
    expect(alerts).toEqual(['MCP server trial: it answers with HTTP status 401; tasks are opened without its tools']);
  });

  test('whose token is missing is not asked at all', async () => {
    const { names, alerts } = aClient({}, () => {
      throw new McpServerError('the variable TOKEN is not set');
    });

    expect(await names()).toEqual([]);
    expect(alerts).toEqual([expect.stringContaining('the variable TOKEN is not set')]);
    expect(http.authorizations).toEqual([]);
  });

  test('whose token was changed while it ran is called with the new one', async () => {
    http.token = 'old';
    const { call } = aClient({}, () => http.token ?? '');
    await call('echo');

    http.token = 'new';

    expect(await call('echo')).toMatchObject({ outcome: 'ok' });
    expect(http.calls).toHaveLength(2);
  });

  test('that has lost its sessions is asked for a new one, and runs the call once', async () => {
    const { call } = aClient();
    await call('echo');

    http.sessions.clear();

    expect(await call('add')).toMatchObject({ outcome: 'ok' });
    expect(http.calls).toEqual(['echo', 'add']);
  });

  test('tells of other tools', async () => {
    const { names } = aClient();
    await names();
    http.tools = ['other'];

    await eventually('it is asked again', async () => {
      await http.tellThatToolsChanged();
      return (await names()).find((name) => name === 'mcp__trial__other');
    });
  });

  test('that is gone has the tools that it had, and runs nothing', async () => {
    const { names, call, alerts } = aClient();
    await names();
    await http.close();

    const refused = await eventually('its connection is known to be gone', async () => {
      const end = await call('echo');
      return end.outcome === 'refused' ? end : undefined;
    });
    expect(refused.output).toBe('Not run: the MCP server "trial" cannot be used now: it does not answer (ECONNREFUSED).');
    expect(alerts).toEqual([]);
  });
});

describe('a call', () => {
  test('that the server refuses to take was not run', async () => {
    const { call } = aClient();
    once((response) => response.writeHead(429).end('slow down, sk-secret'));

    expect(await call('echo')).toEqual({
      outcome: 'refused',
      output: 'Not run: the MCP server "trial" cannot be used now: it answers with HTTP status 429.',
    });
  });

  test.each([
    ['breaks off before an answer', (response: ServerResponse) => response.destroy(), /^the connection broke/],
    ['fails', (response: ServerResponse) => response.writeHead(502).end(), /^it answers with HTTP status 502/],
    [
      'answers with a page',
      (response: ServerResponse) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
      /^it sends/,
    ],
    [
      'answers with half of it',
      (response: ServerResponse) => response.writeHead(200, { 'content-type': 'application/json' }).end('{"a'),
      /^it sends/,
    ],
    ['ends a stream without an answer', endStream, /^the connection ended/],
    ['breaks a stream off', breakStream, /^the connection ended/],
  ])('whose server %s may have run', async (_, answer, reason) => {
    const { call } = aClient();
    once(answer);

    const { outcome, output } = await call('echo');

    expect(outcome).toBe('unknown');
    expect(/while this call ran: (.*?)\. The call may have run/.exec(output)?.[1]).toMatch(reason);
    expect(http.calls).toEqual([]);
  });

  test('that only looks is made again after any of these', async () => {
    const { call } = aClient({ classes: LOOKS });
    once(endStream);

    expect(await call('echo')).toMatchObject({ outcome: 'ok' });
    expect(http.calls).toEqual(['echo']);
  });

  test('whose answer has no end takes no memory', async () => {
    const { call } = aClient();
    const chunk = 'x'.repeat(1024 * 1024);
    let sent = 0;
    once((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: ');
      const more = (): void => {
        sent += 1;
        if (!response.destroyed) response.write(chunk, () => setImmediate(more));
      };
      more();
    });

    expect(await call('echo')).toMatchObject({ outcome: 'unknown' });
    expect(sent).toBeLessThan(64);
  });

  test('beside one that found no session any more comes to its own end', async () => {
    const { call } = aClient();
    await call('echo');
    let slow: ServerResponse | undefined;
    once((response) => (slow = response));
    const running = call('add');
    await eventually('it runs', async () => slow);
    http.sessions.clear();

    expect(await call('echo')).toMatchObject({ outcome: 'ok' });
    slow?.writeHead(200, { 'content-type': 'application/json' });
    slow?.end(JSON.stringify({ jsonrpc: '2.0', id: 3, result: { content: [{ type: 'text', text: 'late' }] } }));

    expect(await running).toEqual({ outcome: 'ok', output: 'late' });
  });
});

function endStream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.end(': nothing comes\n\n');
}

function breakStream(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(': nothing comes\n\n', () => setImmediate(() => response.destroy()));
}
