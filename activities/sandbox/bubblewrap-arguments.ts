/** What bubblewrap is told: which few places of the host a command sees, and that it sees them read-only. */
import { existsSync, lstatSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, delimiter, dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { asCommandUser, COMMAND_UID } from '../command-user.ts';
import { commandEnvironment } from './command-environment.ts';
import type { ConfinedCommand } from './sandbox.ts';
import { GATE } from './spawned-process.ts';

/** Programs and libraries. `/etc` is bound in parts: a worker that runs as root could show /etc/shadow otherwise. */
const SYSTEM = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/opt', '/nix/store', '/run/current-system/sw'];
const ETC = [
  'alternatives',
  'ca-certificates',
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
  'pki',
  'protocols',
  'services',
  'ssl/certs',
  'ssl/openssl.cnf',
];
/** Who is known inside: nobody of the host but the commands' user. */
const OWN_ETC = ['passwd', 'group'];

/** Core dumps help nobody; 4 GiB per file and 4,096 files and processes are more than a build needs and end a runaway one. */
const LIMITS = 'ulimit -c 0; ulimit -f 8388608; ulimit -n 4096; ulimit -u 4096 2>/dev/null || ulimit -p 4096 2>/dev/null; ';
/**
 * Says on the gate that bubblewrap has done its work, and waits to be let in. A bubblewrap that is killed before it has asked to take its
 * sandbox along leaves it behind: what it would have run then finds the gate closed.
 */
const PASS_GATE = `echo >&${GATE} && read -r _ <&${GATE} && exec ${GATE}>&- || exit 137; `;
/** One pipe for both streams keeps their order. */
const START = `${LIMITS}exec "$@" 2>&1`;

const NAMESPACES = ['--unshare-ipc', '--unshare-pid', '--unshare-net', '--unshare-uts', '--unshare-cgroup-try'];
const UID = String(COMMAND_UID);
/** A worker that is an ordinary user becomes the commands' in a user namespace, and no command makes another one in it. */
const RENAMED = ['--unshare-user', '--uid', UID, '--gid', UID];
/** Root makes the namespaces with its own rights; these are left to go to the folder and become somebody without any. */
const ABOUT_TO_CHANGE = ['CAP_SETUID', 'CAP_SETGID', 'CAP_SETPCAP', 'CAP_DAC_READ_SEARCH'].flatMap((capability) => [
  '--cap-add',
  capability,
]);

export interface Host {
  /** Those that its bubblewrap knows of the options that not all versions have. */
  readonly options: ReadonlySet<string>;
  /** Whether commands run as another user than the worker. */
  readonly isOtherUser: boolean;
}

export interface BubblewrapCommand extends ConfinedCommand {
  /** Files of the host that it sees beside the usual ones, read-only: from where, and at which place. */
  readonly files?: readonly (readonly [from: string, to: string])[];
  /** Beside the usual variables. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** The arguments after `bwrap`. */
export function bubblewrapArguments(request: BubblewrapCommand, { options, isOtherUser }: Host): readonly string[] {
  const { workspace, workingDirectory, outputFolder, terminal, files = [], variables } = request;
  const node = nodePlaces();
  const environment = { ...commandEnvironment(searchPath(node[0]), '/tmp'), ...variables };
  const readable = [...gitPlaces(workspace), ...(outputFolder === undefined ? [] : [outputFolder])].filter((place) =>
    existsSync(place),
  );
  const inMemory = (place: string): readonly string[] => [
    // 1 GiB keeps a command that fills it from taking the host's memory.
    ...(options.has('--size') ? ['--size', String(1024 ** 3)] : []),
    ...['--perms', '1777', '--tmpfs', place],
  ];
  return [
    ...[...NAMESPACES, '--die-with-parent', '--cap-drop', 'ALL', ...(isOtherUser ? ABOUT_TO_CHANGE : RENAMED)],
    // A terminal is the command's alone, and its jobs need to be in the session that it belongs to.
    ...(terminal === undefined ? ['--new-session'] : []),
    ...(options.has('--disable-userns') && !isOtherUser ? ['--disable-userns'] : []),
    ...['--hostname', 'sandbox'],
    ...open(['/etc/ssl']),
    ...[...SYSTEM, ...ETC.map((name) => join('/etc', name))].flatMap(bindOrLink),
    ...OWN_ETC.flatMap((name) => ['--ro-bind', join(import.meta.dirname, 'etc', name), join('/etc', name)]),
    ...['--proc', '/proc', '--dev', '/dev'],
    // To the kernel's own root user its settings are writable without any capability, and one of them names a program to be run as root.
    ...['--ro-bind', '/proc/sys', '/proc/sys'],
    ...['/tmp', '/dev/shm'].flatMap(inMemory),
    ...['--remount-ro', '/dev'],
    // After /tmp, because they may be below it.
    ...open([...node, workspace, ...readable, ...files.map(([, to]) => to)].map((place) => dirname(place))),
    ...files.flatMap(([from, to]) => ['--ro-bind', from, to]),
    ...node.flatMap(bindOrLink),
    ...['--bind', workspace, workspace],
    ...readable.flatMap((place) => ['--ro-bind', place, place]),
    // The root itself is a writable file system in memory otherwise.
    ...['--remount-ro', '/'],
    ...['--chdir', workingDirectory, '--clearenv'],
    ...Object.entries(environment).flatMap(([name, value]) => ['--setenv', name, value]),
    // With a terminal the guard finds what is left behind, by its mark.
    ...['--', '/bin/sh', '-c', terminal === undefined ? `${PASS_GATE}${START}` : START, 'sh', ...startOf(request, isOtherUser)],
  ];
}

/** Folders that lead to what is bound. Those that bubblewrap makes by itself are closed to all but the one who runs it. */
function open(folders: readonly string[]): readonly string[] {
  const all = [...new Set(folders.flatMap(withParents))].filter((folder) => folder !== '/tmp' && !isBelow(folder, SYSTEM));
  return all.toSorted().flatMap((folder) => ['--perms', '0755', '--dir', folder]);
}

function withParents(folder: string): readonly string[] {
  return folder === '/' ? [] : [...withParents(dirname(folder)), folder];
}

function startOf({ argv }: ConfinedCommand, isOtherUser: boolean): readonly string[] {
  const [command = '', ...args] = argv;
  if (!isOtherUser) return argv;
  const changed = asCommandUser({ command, args });
  return [changed.command, ...changed.args];
}

/** On merged systems `/bin` is a link to `usr/bin`; it stays one inside. Of `/etc` what links lead to may be elsewhere. */
function bindOrLink(path: string): readonly string[] {
  if (!existsSync(path)) return [];
  if (!path.startsWith('/etc/') && lstatSync(path).isSymbolicLink()) return ['--symlink', readlinkSync(path), path];
  return ['--ro-bind', realpathSync(path), path];
}

/**
 * The worker's Node, where that is no system folder: a task on a JavaScript repository finds it, wherever it was installed. Not the folder
 * that it was installed in, which may be somebody's own.
 */
function nodePlaces(): readonly string[] {
  const node = realpathSync(process.execPath);
  if (isBelow(node, SYSTEM)) return [];
  const prefix = dirname(dirname(node));
  const companions = ['bin/npm', 'bin/npx', 'bin/corepack', 'lib/node_modules'].map((name) => join(prefix, name));
  return [node, ...(basename(dirname(node)) === 'bin' ? companions.filter((place) => existsSync(place)) : [])];
}

/** The worker's search path as far as it is visible inside. */
function searchPath(node: string | undefined): string {
  const own = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => isAbsolute(folder) && isBelow(folder, SYSTEM));
  const usual = ['/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin', '/sbin'];
  return [...new Set([...own, ...usual, ...(node === undefined ? [] : [dirname(node)])])].join(delimiter);
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
  return [entry, folder, ...borrowedFrom(join(folder, 'objects'))];
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
