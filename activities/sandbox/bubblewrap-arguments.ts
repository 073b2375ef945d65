/** What bubblewrap is told: which few places of the host a command sees, and that it sees them read-only. */
import { existsSync, lstatSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { commandEnvironment } from './command-environment.ts';
import type { ConfinedCommand } from './sandbox.ts';
import { GATE } from './spawned-process.ts';

/** Programs and libraries. `/etc` is bound in parts: a worker that runs as root could show /etc/shadow otherwise. */
const SYSTEM = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/opt', '/nix/store', '/run/current-system/sw'];
const ETC = [
  'alternatives',
  'ca-certificates',
  'group',
  'hosts',
  'java-17-openjdk',
  'java-21-openjdk',
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'localtime',
  'mime.types',
  'nsswitch.conf',
  'os-release',
  'passwd',
  'pki',
  'protocols',
  'services',
  'ssl/certs',
  'ssl/openssl.cnf',
];
/** Any number but 0 serves: inside its user namespace the command is an ordinary user. */
const UID = '1000';

/** Core dumps help nobody; 4 GiB per file and 4,096 files and processes are more than a build needs and end a runaway one. */
const LIMITS = 'ulimit -c 0; ulimit -f 8388608; ulimit -n 4096; ulimit -u 4096 2>/dev/null || ulimit -p 4096 2>/dev/null; ';
/**
 * Says on the gate that bubblewrap has done its work, and waits to be let in. A bubblewrap that is killed before it has asked to take its
 * sandbox along leaves it behind: what it would have run then finds the gate closed.
 */
const PASS_GATE = `echo >&${GATE} && read -r _ <&${GATE} && exec ${GATE}>&- || exit 137; `;
/** One pipe for both streams keeps their order. */
const START = `${LIMITS}exec "$@" 2>&1`;

const ISOLATION = ['--unshare-user', '--unshare-all', '--die-with-parent', '--cap-drop', 'ALL'];

/** The arguments after `bwrap`; `options` are those that this version knows of the ones not all versions have. */
export function bubblewrapArguments(request: ConfinedCommand, options: ReadonlySet<string>): readonly string[] {
  const { argv, workspace, workingDirectory, terminal } = request;
  const node = nodePrefix();
  return [
    ...ISOLATION,
    // A terminal is the command's alone, and its jobs need to be in the session that it belongs to.
    ...(terminal === undefined ? ['--new-session'] : []),
    ...(options.has('--disable-userns') ? ['--disable-userns'] : []),
    ...['--uid', UID, '--gid', UID, '--hostname', 'sandbox'],
    ...[...SYSTEM, ...ETC.map((name) => join('/etc', name))].flatMap(bindOrLink),
    ...['--proc', '/proc', '--dev', '/dev'],
    // Memory-backed: 1 GiB keeps a command that fills /tmp from taking the host's memory.
    ...(options.has('--size') ? ['--size', String(1024 ** 3)] : []),
    ...['--tmpfs', '/tmp'],
    ...(node === undefined ? [] : ['--ro-bind', node, node]),
    // After /tmp, because a workspace may be below it.
    ...['--bind', workspace, workspace],
    ...gitPlaces(workspace).flatMap((place) => ['--ro-bind', place, place]),
    // The root itself is a writable file system in memory otherwise.
    ...['--remount-ro', '/'],
    ...['--chdir', workingDirectory, '--clearenv'],
    ...Object.entries(commandEnvironment(searchPath(node), '/tmp')).flatMap(([name, value]) => ['--setenv', name, value]),
    // With a terminal the guard finds what is left behind, by its mark.
    ...['--', '/bin/sh', '-c', terminal === undefined ? `${PASS_GATE}${START}` : START, 'sh', ...argv],
  ];
}

/** On merged systems `/bin` is a link to `usr/bin`; it stays one inside. */
function bindOrLink(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  const isTopLevel = dirname(path) === '/';
  if (isTopLevel && lstatSync(path).isSymbolicLink()) return ['--symlink', readlinkSync(path), path];
  return ['--ro-bind', realpathSync(path), path];
}

/** Where the worker's Node is when that is no system folder: a task on a JavaScript repository finds it, wherever it was installed. */
function nodePrefix(): string | undefined {
  const prefix = dirname(dirname(realpathSync(process.execPath)));
  return prefix === '/' || isBelow(prefix, SYSTEM) ? undefined : prefix;
}

/** The worker's search path as far as it is visible inside. */
function searchPath(node: string | undefined): string {
  const own = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => isAbsolute(folder) && isBelow(folder, SYSTEM));
  const usual = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin'];
  return [...new Set([...own, ...usual, ...(node === undefined ? [] : [join(node, 'bin')])])].join(delimiter);
}

function isBelow(path: string, folders: readonly string[]): boolean {
  return folders.some((folder) => path === folder || path.startsWith(folder + sep));
}

/** `.git`, the folder it points to, and the object stores that folder borrows from: all of them read-only. */
function gitPlaces(workspace: string): readonly string[] {
  const entry = join(workspace, '.git');
  if (!existsSync(entry)) return [];
  const folder = lstatSync(entry).isDirectory() ? entry : pointedTo(entry);
  if (folder === undefined) return [entry];
  return [entry, folder, ...borrowedFrom(join(folder, 'objects'))].filter((place) => existsSync(place));
}

function pointedTo(file: string): string | undefined {
  const target = /^gitdir: (.+)$/m.exec(readFileSync(file, 'utf8'))?.[1];
  return target === undefined ? undefined : resolve(dirname(file), target);
}

/** git follows at most five stores from one to the next. */
function borrowedFrom(objects: string, depth = 5): readonly string[] {
  const list = join(objects, 'info', 'alternates');
  if (depth === 0 || !existsSync(list)) return [];
  const stores = readFileSync(list, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  return stores.map((store) => resolve(objects, store)).flatMap((store) => [store, ...borrowedFrom(store, depth - 1)]);
}
