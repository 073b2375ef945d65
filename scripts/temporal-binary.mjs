/**
 * Where a Temporal server binary lies on this machine, without installing one. Plain JavaScript for Node 18, since the set-up
 * runs before anything of ours is installed.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** The last release that `go install` can build: 1.6 to 1.9 have a `replace` in their go.mod (checked 2026-11). */
export const TEMPORAL_CLI_VERSION = '1.5.1';
const OLDEST_CLI = [1, 5];
/** What CLI 1.5 carries; it tells a self-built CLI, which calls itself 0.0.0-DEV, from one that is too old. */
const OLDEST_SERVER = [1, 29];
/** A binary of 250 MB on a cold disk answers within seconds; one that hangs is not the CLI. */
const VERSION_TIMEOUT_MS = 15_000;

/** The file in the user's cache folder that the set-up makes and everything else looks for. */
export function cachedTemporalPath(env = process.env, platform = process.platform) {
  return join(cacheDirectory(env, platform), 'temporal', TEMPORAL_CLI_VERSION, executableName('temporal', platform));
}

/** Ours in the user's cache folder. */
export function cacheDirectory(env = process.env, platform = process.platform) {
  return join(userCacheDirectory(env, platform), 'anyport');
}

/**
 * Looks on PATH, then in the cache.
 * `rejected` says why each candidate before the found one was passed over, for the message when there is none.
 */
export async function searchTemporalBinary({ env = process.env, platform = process.platform } = {}) {
  const rejected = [];
  for (const path of findOnPath('temporal', env, platform)) {
    const judgement = await judgeBinary(path);
    if (judgement.usable) return { found: { path, source: 'PATH', version: judgement.version }, rejected };
    rejected.push(`${path} (on PATH): ${judgement.reason}`);
  }
  const cached = cachedTemporalPath(env, platform);
  if (existsSync(cached)) return { found: { path: cached, source: 'cache', version: TEMPORAL_CLI_VERSION }, rejected };
  if (rejected.length === 0) rejected.push('no "temporal" on PATH');
  rejected.push(`nothing in the cache at ${cached}`);
  return { rejected };
}

/** The binary to run a Temporal server with, or undefined when the set-up has not run. */
export async function findTemporalBinary(options) {
  return (await searchTemporalBinary(options)).found;
}

/** Runs `path --version` and judges the answer. */
export function judgeBinary(path) {
  return new Promise((resolve) => {
    execFile(path, ['--version'], { timeout: VERSION_TIMEOUT_MS, windowsHide: true }, (error, stdout) => {
      resolve(error ? { usable: false, reason: `cannot be run: ${firstLine(error.message)}` } : judgeVersion(stdout));
    });
  });
}

/** Judges what `temporal --version` prints, such as "temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)". */
export function judgeVersion(output) {
  const match = /^temporal version (\S+) \(Server (\d+\.\d+)/.exec(output.trim());
  if (match === null) return { usable: false, reason: `does not say which version it is: "${firstLine(output)}"` };
  const [, cli, server] = match;
  const isSelfBuilt = cli.startsWith('0.0.0');
  const usable = isSelfBuilt ? isAtLeast(server, OLDEST_SERVER) : isAtLeast(cli, OLDEST_CLI);
  if (usable) return { usable: true, version: isSelfBuilt ? `self-built, server ${server}` : cli };
  return {
    usable: false,
    reason: isSelfBuilt
      ? `is self-built with server ${server}, at least ${OLDEST_SERVER.join('.')} is needed`
      : `is version ${cli}, at least ${OLDEST_CLI.join('.')} is needed`,
  };
}

/** Every executable of that name, in PATH's order. */
export function findOnPath(name, env = process.env, platform = process.platform) {
  const directories = (env.PATH ?? env.Path ?? '').split(delimiter).filter((directory) => directory !== '');
  const candidates = directories.map((directory) => join(directory, executableName(name, platform)));
  return [...new Set(candidates)].filter((path) => existsSync(path));
}

export function executableName(name, platform = process.platform) {
  return platform === 'win32' ? `${name}.exe` : name;
}

function userCacheDirectory(env, platform) {
  const home = env.HOME || homedir();
  if (platform === 'win32') return env.LOCALAPPDATA || join(home, 'AppData', 'Local');
  // The XDG rules say that a relative path is to be ignored.
  if (env.XDG_CACHE_HOME?.startsWith('/')) return env.XDG_CACHE_HOME;
  return platform === 'darwin' ? join(home, 'Library', 'Caches') : join(home, '.cache');
}

function isAtLeast(version, [wantedMajor, wantedMinor]) {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

function firstLine(text) {
  return text.trim().split('\n', 1)[0] ?? '';
}
