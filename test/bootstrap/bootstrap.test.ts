import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { cachedTemporalPath } from '../../scripts/temporal-binary.mjs';
import { scratchDirectory } from '../dev/scratch-directory.ts';

const SCRIPTS = fileURLToPath(new URL('../../scripts/', import.meta.url));
const CLOSED = 'http://127.0.0.1:9';
/** npm starts slowly on a busy machine. */
const SLOW_MS = 60_000;

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Skipped on Windows: the fakes are shell scripts. */
const testOnUnix = test.skipIf(process.platform === 'win32');

testOnUnix(
  'installs the dependencies of a fresh clone, then runs the command with its arguments',
  { timeout: SLOW_MS },
  async () => {
    const root = aClone();

    const { code, stdout, stderr } = await bootstrap(
      root,
      { TEMPORAL_ADDRESS: '127.0.0.1:1' },
      { args: ['show.mjs', '--json', 'a b'] },
    );

    expect(stderr).toContain('npm ci, since node_modules is missing or incomplete: done (');
    expect(existsSync(join(root, 'node_modules', '.package-lock.json'))).toBe(true);
    expect(JSON.parse(stdout)).toEqual(['--json', 'a b']);
    expect(code).toBe(0);
  },
);

testOnUnix('says nothing when there is nothing to do', { timeout: SLOW_MS }, async () => {
  const root = aClone();
  await bootstrap(root, { TEMPORAL_ADDRESS: '127.0.0.1:1' });

  const again = await bootstrap(root, { TEMPORAL_ADDRESS: '127.0.0.1:1' });

  expect(withoutHints(again.stderr)).toBe('');
  expect(again.code).toBe(0);
});

testOnUnix('of two at once one installs and the other waits for it', { timeout: SLOW_MS }, async () => {
  const root = aClone();
  const environment = { TEMPORAL_ADDRESS: '127.0.0.1:1' };

  const both = await Promise.all([bootstrap(root, environment), bootstrap(root, environment)]);

  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  expect(both.filter(({ stderr }) => stderr.includes('npm ci, since')).length).toBe(1);
  expect(existsSync(join(root, '.anyport', 'set-up.lock'))).toBe(false);
});

testOnUnix('passes on what npm says when it fails', { timeout: SLOW_MS }, async () => {
  const root = aClone();
  writeFileSync(join(root, 'package.json'), JSON.stringify({ name: 'clone', dependencies: { dependency: 'file:scripts' } }));

  const { code, stderr } = await bootstrap(root, { TEMPORAL_ADDRESS: '127.0.0.1:1' });

  expect(code).toBe(1);
  expect(stderr).toMatch(/package\.json and package-lock\.json .* are in sync/);
});

testOnUnix('downloads the Temporal server, checks its checksum, and puts it into the cache', { timeout: SLOW_MS }, async () => {
  const root = anInstalledClone();
  const cache = scratchDirectory();
  const mirror = await serveRelease(await anArchive('temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)'));

  const { code, stderr } = await bootstrap(root, { XDG_CACHE_HOME: cache, ANYPORT_TEMPORAL_MIRROR: mirror });

  expect(stderr).toContain('download of Temporal CLI 1.5.1 (about 80 MB): done');
  expect(code).toBe(0);
  expect(readFileSync(cachedTemporalPath({ HOME: cache, XDG_CACHE_HOME: cache }), 'utf8')).toContain('1.5.1');
});

testOnUnix('does not take a download with a wrong checksum', { timeout: SLOW_MS }, async () => {
  const root = anInstalledClone();
  const cache = scratchDirectory();
  const mirror = await serveRelease(await anArchive('temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)'), '0'.repeat(64));

  const { code, stderr } = await bootstrap(root, { XDG_CACHE_HOME: cache, ANYPORT_TEMPORAL_MIRROR: mirror });

  expect(code).toBe(1);
  expect(stderr).toContain(`the release says ${'0'.repeat(64)}`);
  expect(existsSync(cachedTemporalPath({ HOME: cache, XDG_CACHE_HOME: cache }))).toBe(false);
});

testOnUnix('builds the server with Go when it cannot be downloaded', { timeout: SLOW_MS }, async () => {
  const root = anInstalledClone();
  const cache = scratchDirectory();
  const go = `#!/bin/sh\nprintf '#!/bin/sh\\necho temporal version 0.0.0-DEV "(Server 1.29.1, UI 2.42.1)"' > "$GOBIN/temporal"\n`;

  const { code } = await bootstrap(root, { XDG_CACHE_HOME: cache }, { fakes: { go } });

  expect(code).toBe(0);
  expect(existsSync(cachedTemporalPath({ HOME: cache, XDG_CACHE_HOME: cache }))).toBe(true);
});

testOnUnix('when nothing works, one error lists all that was tried and three ways out', { timeout: SLOW_MS }, async () => {
  const root = anInstalledClone();
  const go = '#!/bin/sh\necho "dial tcp: no route to the module proxy" >&2\nexit 1\n';
  const temporal = '#!/bin/sh\necho "temporal version 1.4.1 (Server 1.28.0, UI 2.39.0)"\n';

  const { code, stderr } = await bootstrap(
    root,
    { XDG_CACHE_HOME: scratchDirectory() },
    { args: ['show.mjs'], fakes: { go, temporal } },
  );

  expect(code).toBe(1);
  expect(stderr).toContain('(on PATH): is version 1.4.1, at least 1.5 is needed');
  expect(stderr).toContain('nothing in the cache at');
  expect(stderr).toMatch(/download of http:\/\/127\.0\.0\.1:9\/v1\.5\.1\/\S+\.tar\.gz: \S/);
  expect(stderr).toContain('no route to the module proxy');
  expect(stderr).toMatch(/1\. .*TEMPORAL_ADDRESS.*\n.*2\. .*Temporal CLI.*\n.*3\. .*Go/);
});

testOnUnix('a set-up that is stopped says so and tries nothing else', { timeout: SLOW_MS }, async () => {
  const root = anInstalledClone();
  const go = '#!/bin/sh\nkill -INT $PPID\nwhile :; do :; done\n';

  const { code, stderr } = await bootstrap(root, { XDG_CACHE_HOME: scratchDirectory() }, { args: ['show.mjs'], fakes: { go } });

  expect(stderr).toContain('anyport set-up: stopped');
  expect(stderr).not.toContain('there is no Temporal server');
  expect(code).toBe(130);
});

testOnUnix('ends as the command ends', { timeout: SLOW_MS }, async () => {
  const root = anInstalledClone();

  const { code } = await bootstrap(root, { TEMPORAL_ADDRESS: '127.0.0.1:1' }, { args: ['fail.mjs'] });

  expect(code).toBe(7);
});

testOnUnix('whoever asks for help only waits for no server', { timeout: SLOW_MS }, async () => {
  const { code, stdout } = await bootstrap(anInstalledClone(), {}, { args: ['show.mjs', '--help'] });

  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual(['--help']);
});

testOnUnix('a command before the set-up says how to set up', { timeout: SLOW_MS }, async () => {
  const { code, stderr } = await bootstrap(aClone(), {}, { program: 'launch.mjs', args: ['show.mjs'] });

  expect(code).toBe(1);
  expect(stderr).toMatch(/^anyport is not set up here yet: run "npm start", or "node scripts\/bootstrap\.mjs".*\n$/);
});

testOnUnix('a command after the set-up gets its arguments, and ends as it ends', { timeout: SLOW_MS }, async () => {
  const root = anInstalledClone();

  const shown = await bootstrap(root, {}, { program: 'launch.mjs', args: ['show.mjs', '--json', 'a b'] });
  const failed = await bootstrap(root, {}, { program: 'launch.mjs', args: ['fail.mjs'] });

  expect(JSON.parse(shown.stdout)).toEqual(['--json', 'a b']);
  expect(failed.code).toBe(7);
});

/** A project with one dependency that needs no registry. */
function aClone(): string {
  const root = scratchDirectory();
  cpSync(SCRIPTS, join(root, 'scripts'), { recursive: true });
  mkdirSync(join(root, 'dependency'));
  writeFileSync(join(root, 'dependency', 'package.json'), JSON.stringify({ name: 'dependency', version: '1.0.0' }));
  const dependencies = { dependency: 'file:dependency' };
  writeFileSync(join(root, 'package.json'), JSON.stringify({ name: 'clone', version: '1.0.0', dependencies }));
  const packages = {
    '': { name: 'clone', version: '1.0.0', dependencies },
    dependency: { version: '1.0.0' },
    'node_modules/dependency': { resolved: 'dependency', link: true },
  };
  writeFileSync(
    join(root, 'package-lock.json'),
    JSON.stringify({ name: 'clone', version: '1.0.0', lockfileVersion: 3, requires: true, packages }),
  );
  writeFileSync(join(root, 'show.mjs'), 'console.log(JSON.stringify(process.argv.slice(2)));');
  writeFileSync(join(root, 'fail.mjs'), 'process.exitCode = 7;');
  return root;
}

function anInstalledClone(): string {
  const root = aClone();
  mkdirSync(join(root, 'node_modules'));
  const packages = { dependency: { version: '1.0.0' }, 'node_modules/dependency': { resolved: 'dependency', link: true } };
  writeFileSync(join(root, 'node_modules', '.package-lock.json'), JSON.stringify({ lockfileVersion: 3, packages }));
  return root;
}

interface Run {
  readonly args?: readonly string[];
  readonly program?: 'launch.mjs';
  /** Text of shell scripts by name. */
  readonly fakes?: Readonly<Record<string, string>>;
}

/** Runs it with nothing on PATH but what npm and tar need, and the fakes given by name. */
async function bootstrap(root: string, environment: Record<string, string>, run: Run = {}): Promise<Outcome> {
  const { args = [], program = 'bootstrap.mjs', fakes = { go: '#!/bin/sh\nexit 1\n' } } = run;
  const bin = scratchDirectory();
  for (const [name, text] of Object.entries(fakes)) {
    writeFileSync(join(bin, name), text);
    chmodSync(join(bin, name), 0o755);
  }
  for (const name of ['npm', 'node', 'tar', 'gzip', 'sh']) symlinkSync(onPath(name), join(bin, name));
  const child = spawn(process.execPath, [join(root, 'scripts', program), ...args], {
    env: { HOME: root, PATH: bin, ANYPORT_TEMPORAL_MIRROR: CLOSED, npm_config_cache: join(root, '.npm'), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  await once(child, 'close');
  return { code: child.exitCode, ...output };
}

function onPath(name: string): string {
  const places = (process.env['PATH'] ?? '').split(delimiter).map((directory) => join(directory, name));
  const path = places.find((place) => existsSync(place));
  if (path === undefined) throw new Error(`${name} is not on PATH`);
  return path;
}

async function anArchive(version: string): Promise<Buffer> {
  const folder = scratchDirectory();
  writeFileSync(join(folder, 'temporal'), `#!/bin/sh\necho '${version}'\n`);
  const tar = spawn('tar', ['-czf', 'archive.tar.gz', 'temporal'], { cwd: folder });
  await once(tar, 'close');
  return readFileSync(join(folder, 'archive.tar.gz'));
}

/** Serves any archive that is asked for, and a checksum for it. */
async function serveRelease(archive: Buffer, checksum = createHash('sha256').update(archive).digest('hex')): Promise<string> {
  const platforms = ['linux', 'darwin'].flatMap((system) => ['amd64', 'arm64'].map((machine) => `${system}_${machine}`));
  const checksums = platforms.map((platform) => `${checksum}  temporal_cli_1.5.1_${platform}.tar.gz\n`).join('');
  const server = createServer((request, response) => {
    response.end(request.url?.endsWith('checksums.txt') ? checksums : archive);
  }).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening');
  return `http://127.0.0.1:${address.port}`;
}

function withoutHints(text: string): string {
  const lines = text.split('\n').filter((line) => !line.includes('hint:'));
  return lines.join('\n');
}
