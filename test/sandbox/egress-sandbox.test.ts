import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { copyFileSync, existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { DEFAULT_COMMAND_LIMITS as limits } from '../../activities/sandbox/command-limits.ts';
import { createEgress } from '../../activities/sandbox/egress.ts';
import type { EgressRule } from '../../activities/sandbox/egress-rules.ts';
import { probeBubblewrap } from '../../activities/sandbox/probe-sandbox.ts';
import type { CommandResult, Sandbox } from '../../activities/sandbox/sandbox.ts';
import { createTaskSandboxes } from '../../activities/sandbox/task-sandboxes.ts';
import { layOutGitRepository } from '../support/git-repository.ts';
import { aToolScene, scratchFolder } from '../tools/tool-scene.ts';
import { aCertificate, anEchoServer, aWebServer } from './local-servers.ts';

const probe = await probeBubblewrap();
const why = probe.kind === 'usable' ? '' : ` (skipped: ${probe.reason})`;
/** On a loaded machine Node takes seconds to start. */
const PATIENCE = { timeout: 10_000, interval: 50 };

const alerts: string[] = [];
/** Every name is of this host. */
const egress = createEgress({
  alert: (message) => alerts.push(message),
  resolve: async () => [{ address: '127.0.0.1', family: 4 }],
});
afterEach(() => alerts.splice(0));

function own(host: string, ...ports: readonly number[]): EgressRule {
  return { host, ports, privateAddresses: true };
}

function aSandbox(rules: readonly EgressRule[], allowedNow = rules): Sandbox {
  const network = { tenant: 'default', allow: rules };
  return createTaskSandboxes({ limits, egress, allowedFor: () => allowedNow })({ sandbox: 'bubblewrap', network });
}

function run(sandbox: Sandbox, script: string, { workspace = scratchFolder(), isOffline = false } = {}): Promise<CommandResult> {
  copyFileSync(aCertificate().file, join(workspace, 'ca.pem'));
  return sandbox.run({
    argv: ['/bin/bash', '-c', script],
    workspace,
    workingDirectory: workspace,
    timeoutMs: 30_000,
    signal: new AbortController().signal,
    ...(isOffline ? { isOffline } : {}),
  });
}

/** Processes of any sandbox that has the workspace. */
function processesIn(workspace: string): readonly string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/mountinfo`, 'utf8').includes(workspace.replaceAll(' ', '\\040'));
    } catch {
      return false;
    }
  });
}

describe.skipIf(probe.kind !== 'usable')(`a sandbox with an allow-list${why}`, () => {
  test('reaches an allowed host by TLS and plain HTTP, with curl and with Node', async () => {
    const [secure, plain] = [await aWebServer('a', { isTls: true }), await aWebServer('b')];
    const sandbox = aSandbox([own('a.example', secure.port), own('b.example', plain.port)]);

    const { output, end } = await run(
      sandbox,
      `curl -sS --cacert ca.pem https://a.example:${secure.port}/; echo
       curl -sS http://b.example:${plain.port}/; echo
       NODE_EXTRA_CA_CERTS=ca.pem "${realpathSync(process.execPath)}" -e 'for (const url of process.argv.slice(1)) console.log(await (await fetch(url)).text())' \\
         --input-type=module https://a.example:${secure.port} http://b.example:${plain.port}`,
    );

    expect(output).toBe('hello from a\nhello from b\nhello from a\nhello from b\n');
    expect(end).toEqual({ kind: 'exited', code: 0 });
  });

  test('refuses another host in words, to the model and to the operator', async () => {
    const server = await aWebServer('a');
    const sandbox = aSandbox([own('a.example', server.port)]);

    const { output } = await run(
      sandbox,
      `curl -s https://evil.example/; echo "exit $?"; curl -sS http://evil.example/; curl -s https://evil.example/`,
    );

    expect(output).toContain('exit 56');
    expect(output).toMatch(/^Refused by the network of this sandbox: evil.example:80 is not in this host's allow-list/m);
    const told = output.match(/^\[sandbox] A connection was refused: evil.example:\d+ /gm);
    expect(told).toEqual([
      '[sandbox] A connection was refused: evil.example:443 ',
      '[sandbox] A connection was refused: evil.example:80 ',
    ]);
    expect(alerts).toEqual(['a sandbox was refused a connection to evil.example']);
  });

  test('reaches nothing without the proxy: no server of this host, no metadata, no DNS, no UDP', async () => {
    const server = await anEchoServer();
    const listener = createSocket('udp4');
    const heard: Buffer[] = [];
    listener.on('message', (message) => heard.push(message)).bind(0, '127.0.0.1');
    await once(listener, 'listening');
    onTestFinished(() => void listener.close());
    const sandbox = aSandbox([own('a.example', server.port)]);

    const { output } = await run(
      sandbox,
      `unset \${!http*} \${!HTTP*} all_proxy ALL_PROXY
       for to in 127.0.0.1/${server.port} 169.254.169.254/80 8.8.8.8/53 10.0.0.1/443; do
         (echo > /dev/tcp/$to) 2> /dev/null && echo "reached $to"
       done
       echo x > /dev/udp/127.0.0.1/${listener.address().port}
       (echo x > /dev/udp/8.8.8.8/53) 2> /dev/null && echo "sent to 8.8.8.8"
       getent hosts a.example && echo resolved
       curl -s --noproxy '*' http://a.example:${server.port}/ && echo got
       curl -s --noproxy '*' http://127.0.0.1:${server.port}/ && echo got
       ls /sys/class/net /proc/self/net/dev > /dev/null 2>&1; tail -n +3 /proc/self/net/dev | cut -d: -f1 | tr -d ' '`,
    );

    expect(
      output
        .trim()
        .split('\n')
        .filter((line) => line !== 'lo'),
    ).toEqual([]);
    expect(server.connections()).toBe(0);
    expect(heard).toEqual([]);
  });

  test('is held to its list by the socket, too', async () => {
    const server = await aWebServer('a');
    const sandbox = aSandbox([own('a.example', server.port)]);

    const { output } = await run(
      sandbox,
      `S=/run/anyport/egress.sock
       curl -s --unix-socket $S -H 'Host: evil.example' --request-target http://evil.example/ http://evil.example/ | head -c 60; echo
       curl -s --unix-socket $S http://a.example:${server.port}/ | head -c 60; echo
       rm -f $S 2> /dev/null || echo kept; (echo x >> /run/anyport/relay.mjs) 2> /dev/null || echo 'read-only'`,
    );

    expect(output).toContain('Refused by the network of this sandbox: evil.example:80');
    expect(output).toContain('Refused by the network of this sandbox: this is a proxy');
    expect(output).toContain('kept\nread-only\n');
    expect(server.asked).toEqual([]);
  });

  test('is not shared with another task, even at the same time in the same folder', async () => {
    const [a, b] = [await aWebServer('a'), await aWebServer('b')];
    const [ofA, ofB] = [aSandbox([own('a.example', a.port)]), aSandbox([own('b.example', b.port)])];
    const script = `for url in http://a.example:${a.port} http://b.example:${b.port}; do curl -s -o /dev/null -w '%{http_code} ' $url; done`;

    const results = await Promise.all([run(ofA, script), run(ofB, script)]);

    expect(results.map(({ output }) => output.match(/\b\d{3} /g))).toEqual([
      ['200 ', '403 '],
      ['403 ', '200 '],
    ]);
  });

  test('loses what the operator allows no more, and gains nothing', async () => {
    const [a, b] = [await aWebServer('a'), await aWebServer('b')];
    const [first, second] = [own('a.example', a.port), own('b.example', b.port)];
    const script = `for url in http://a.example:${a.port} http://b.example:${b.port}; do curl -s -o /dev/null -w '%{http_code} ' $url; done`;

    const narrowed = await run(aSandbox([first, second], [second]), script);
    const widened = await run(aSandbox([first], [first, second]), script);

    expect(narrowed.output.match(/\b\d{3} /g)).toEqual(['403 ', '200 ']);
    expect(widened.output.match(/\b\d{3} /g)).toEqual(['200 ', '403 ']);
    expect(aSandbox([first], []).hasNetwork).toBe(false);
    expect(aSandbox([]).hasNetwork).toBe(false);
  });

  test('gives the relay none of the command: neither its streams, nor its end', async () => {
    const workspace = scratchFolder();
    const sandbox = aSandbox([own('a.example', 443)]);

    const { output, end } = await run(
      sandbox,
      `for process in /proc/[0-9]*; do
         tr '\\0' ' ' < $process/cmdline | grep -q '^[^ ]*node [^ ]*relay.mjs' && relay=$process
       done
       grep PPid $relay/status; for fd in 0 1 2; do readlink $relay/fd/$fd; done; [ -e /proc/self/fd/3 ]; echo $?
       [ "$(stat -c %u $relay)" = "$(id -u)" ] && echo same user; exit 7`,
      { workspace },
    );

    expect(end).toEqual({ kind: 'exited', code: 7 });
    expect(output).toBe('PPid:\t1\n/dev/null\n/dev/null\n/dev/null\n1\nsame user\n');
    await vi.waitFor(() => expect(processesIn(workspace)).toEqual([]), PATIENCE);
  });

  test('costs nothing where a command needs none', async () => {
    const sandbox = aSandbox([own('a.example', 443)]);

    const { output } = await run(sandbox, 'env | grep -ci proxy; [ -e /run ]; echo $?', { isOffline: true });

    expect(output).toBe('0\n1\n');
  });

  test('is not opened to search files', async () => {
    const workspace = layOutGitRepository(join(scratchFolder(), 'repository'), { 'a.txt': 'needle' });
    const scene = aToolScene(workspace);
    const closed = { open: () => Promise.reject(new Error('opened')) };
    const network = { tenant: 'default', allow: [own('a.example', 443)] };
    const sandbox = createTaskSandboxes({ limits, egress: closed, allowedFor: () => network.allow })({
      sandbox: 'bubblewrap',
      network,
    });

    const found = await scene.run('search_files', { pattern: 'needle' }, { sandbox });

    expect(found).toMatchObject({ outcome: 'ok', output: expect.stringContaining('a.txt') });
    await expect(run(sandbox, 'true')).rejects.toThrow('opened');
  });

  test('keeps its network when a command in a terminal is interrupted', async () => {
    const server = await aWebServer('a');
    const workspace = scratchFolder();
    const chunks: Buffer[] = [];
    const sandbox = aSandbox([own('a.example', server.port)]);
    const process = await sandbox.start({
      argv: ['/bin/bash', '--norc', '-i'],
      workspace,
      workingDirectory: workspace,
      terminal: { columns: 80, rows: 24 },
      onOutput: (chunk) => chunks.push(chunk),
    });
    onTestFinished(() => process.kill());
    const printed = (): string => Buffer.concat(chunks).toString();
    process.write('echo on; sleep 1000\n');
    await vi.waitFor(() => expect(printed()).toContain('\non\r'), PATIENCE);

    process.write('\u0003');
    process.write(`curl -s http://a.example:${server.port}/; exit\n`);
    await process.ended;

    expect(printed()).toContain('hello from a');
  });

  test('leaves neither relay nor proxy when its worker is killed', async () => {
    const [workspace, server] = [scratchFolder(), await aWebServer('a')];
    const folder = (name: string): string => JSON.stringify(join(import.meta.dirname, '../../activities/sandbox', name));
    const request = {
      argv: ['/bin/sh', '-c', 'echo on > on; sleep 1000'],
      workspace,
      workingDirectory: workspace,
      timeoutMs: 60_000,
    };
    const network = { tenant: 'default', allow: [own('a.example', server.port)] };
    const script = `import { createTaskSandboxes } from ${folder('task-sandboxes.ts')}; import { createEgress } from ${folder('egress.ts')};
      const egress = createEgress({ alert: () => {} });
      const [network, limits] = ${JSON.stringify([network, limits])};
      const sandbox = createTaskSandboxes({ limits, egress, allowedFor: () => network.allow })({ sandbox: 'bubblewrap', network });
      await sandbox.run({ ...${JSON.stringify(request)}, signal: new AbortController().signal });`;
    const worker = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' });
    await vi.waitFor(() => expect(existsSync(join(workspace, 'on'))).toBe(true), PATIENCE);
    const doors = (): readonly string[] =>
      readdirSync(tmpdir()).filter((name) => name.startsWith(`anyport-egress-${worker.pid}-`));
    expect(doors()).toHaveLength(1);

    worker.kill('SIGKILL');
    await once(worker, 'exit');

    await vi.waitFor(() => expect(processesIn(workspace)).toEqual([]), PATIENCE);
    // The next worker that opens one tidies up.
    await (await createEgress({ alert: () => undefined }).open({ lists: [], workspace, say: () => undefined })).close();
    await vi.waitFor(() => expect(doors()).toEqual([]), PATIENCE);
  });

  test('closes the way out with the command', async () => {
    const sandbox = aSandbox([own('a.example', 443)]);
    const sockets = (): readonly string[] =>
      readdirSync(tmpdir())
        .filter((name) => name.startsWith(`anyport-egress-${process.pid}-`))
        .flatMap((name) => readdirSync(join(tmpdir(), name)));

    await run(sandbox, 'true');

    expect(sockets()).toEqual([]);
  });
});
