/** Puts a Temporal server into the user's cache: the official download, else built with Go. */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { chmod, mkdtemp, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { cachedTemporalPath, executableName, findOnPath, judgeBinary, TEMPORAL_CLI_VERSION } from '../temporal-binary.mjs';
import { withLock } from './process-lock.mjs';
import { runStep, say } from './progress.mjs';
import { InterruptedError, runProgram } from './run-program.mjs';

/** Answers within a second where there is internet; without it, nobody wants to wait for a long time-out. */
const ANSWER_TIMEOUT_MS = 5_000;
/** A download that brings nothing for this long is dead. */
const STALL_TIMEOUT_MS = 20_000;
const RELEASES = 'https://github.com/temporalio/cli/releases/download';
const GO_PACKAGE = `github.com/temporalio/cli/cmd/temporal@v${TEMPORAL_CLI_VERSION}`;
/** Where Go's own installer puts it, which is not always on PATH. */
const USUAL_GO = '/usr/local/go/bin/go';

/** @throws Error listing everything tried, and the ways out */
export async function installTemporal(rejected) {
  const target = cachedTemporalPath();
  const lock = join(dirname(target), 'install.lock');
  await withLock(
    lock,
    (pid) => say(`another set-up (process ${pid}) gets the Temporal server, waiting for it`),
    async () => {
      if (existsSync(target)) return;
      const folder = await mkdtemp(join(dirname(target), 'new-'));
      try {
        await installInto(folder, target, rejected);
      } finally {
        // Go makes nothing read-only in GOBIN, so this always works.
        await rm(folder, { recursive: true, force: true });
      }
    },
  );
}

async function installInto(folder, target, rejected) {
  const tried = [...rejected];
  for (const way of [download, buildWithGo]) {
    try {
      await takeOver(await way(folder), target);
      return;
    } catch (error) {
      if (error instanceof InterruptedError) throw error;
      tried.push(error.message);
    }
  }
  throw new Error(describeFailure(tried));
}

/** A rename within one folder is atomic: nobody ever sees half a binary. */
async function takeOver(binary, target) {
  await chmod(binary, 0o755);
  const judgement = await judgeBinary(binary);
  if (!judgement.usable) throw new Error(`the new binary ${judgement.reason}`);
  await rename(binary, target);
}

async function download(folder) {
  const archive = `temporal_cli_${TEMPORAL_CLI_VERSION}_${platformName()}_${process.arch === 'x64' ? 'amd64' : process.arch}.tar.gz`;
  const base = `${process.env.ANYPORT_TEMPORAL_MIRROR || RELEASES}/v${TEMPORAL_CLI_VERSION}`;
  try {
    return await runStep(`download of Temporal CLI ${TEMPORAL_CLI_VERSION} (about 80 MB)`, async () => {
      const file = join(folder, archive);
      const checksums = await (await request(`${base}/checksums.txt`)).text();
      await save(await request(`${base}/${archive}`), file);
      await assertChecksum(file, archive, checksums);
      await runProgram('tar', ['-xzf', file, '-C', folder]);
      return join(folder, executableName('temporal'));
    });
  } catch (error) {
    if (error instanceof InterruptedError) throw error;
    const hasProxy = process.env.HTTPS_PROXY !== undefined || process.env.https_proxy !== undefined;
    const hint = hasProxy ? ' (HTTPS_PROXY is set, but this download does not use it)' : '';
    throw new Error(`download of ${base}/${archive}: ${error.message}${hint}`);
  }
}

function platformName() {
  return process.platform === 'win32' ? 'windows' : process.platform;
}

async function request(url) {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), ANSWER_TIMEOUT_MS);
  try {
    const response = await fetch(url, { signal: controller.signal });
    if (!response.ok) throw new Error(`answered ${response.status} for ${url}`);
    return response;
  } catch (error) {
    if (controller.signal.aborted) throw new Error(`no answer within ${ANSWER_TIMEOUT_MS / 1000} s`);
    throw error.cause instanceof Error ? new Error(error.cause.message || error.cause.code) : error;
  } finally {
    clearTimeout(timer);
  }
}

async function save(response, file) {
  const body = Readable.fromWeb(response.body);
  let timer;
  const rearm = () => {
    clearTimeout(timer);
    timer = setTimeout(() => body.destroy(new Error(`nothing came for ${STALL_TIMEOUT_MS / 1000} s`)), STALL_TIMEOUT_MS);
  };
  rearm();
  body.on('data', rearm);
  try {
    await pipeline(body, createWriteStream(file));
  } finally {
    clearTimeout(timer);
  }
}

async function assertChecksum(file, archive, checksums) {
  const line = checksums.split('\n').find((entry) => entry.trim().endsWith(archive));
  if (line === undefined) throw new Error(`checksums.txt of the release does not name ${archive}`);
  const expected = line.trim().split(/\s+/, 1)[0];
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  const actual = hash.digest('hex');
  if (actual !== expected) throw new Error(`sha-256 is ${actual}, the release says ${expected}`);
}

async function buildWithGo(folder) {
  const go = [...findOnPath('go'), USUAL_GO].find((path) => existsSync(path));
  if (go === undefined) throw new Error(`go install ${GO_PACKAGE}: no "go" on PATH`);
  try {
    await runStep(`go install ${GO_PACKAGE} (3 to 6 minutes the first time)`, () =>
      runProgram(go, ['install', GO_PACKAGE], { cwd: folder, env: goEnvironment(folder) }),
    );
  } catch (error) {
    if (error instanceof InterruptedError) throw error;
    throw new Error(`go install ${GO_PACKAGE}: ${error.message}`);
  }
  return join(folder, executableName('temporal'));
}

function goEnvironment(folder) {
  // Without HOME Go has no place for its caches; a foreign GOOS would be refused with GOBIN; no C compiler is needed.
  const env = {
    ...process.env,
    HOME: process.env.HOME || homedir(),
    GOBIN: folder,
    GOWORK: 'off',
    CGO_ENABLED: '0',
  };
  delete env.GOOS;
  delete env.GOARCH;
  return env;
}

function describeFailure(tried) {
  return [
    'there is no Temporal server for this machine. Tried:',
    ...tried.map((reason) => `  - ${reason}`),
    'Do one of these three, then run the same command again:',
    '  1. use a server you have: set TEMPORAL_ADDRESS to its host:port;',
    `  2. install the Temporal CLI (https://docs.temporal.io/cli, or "brew install temporal"), or copy a "temporal" of version 1.5 or newer to ${cachedTemporalPath()};`,
    '  3. install Go 1.24 or newer (https://go.dev/dl), with access to its module proxy (GOPROXY), and it is built for you.',
  ].join('\n');
}
