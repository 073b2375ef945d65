/**
 * Who the commands of tasks run as. A worker that is an ordinary user runs them as itself. One that is root has a user for them, who owns
 * the trees of workspaces: the kernel's root may do more than its capabilities say, such as write the kernel's settings.
 */
import { accessSync, constants, readFileSync } from 'node:fs';
import { lchown, mkdir } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';

/** Of the user and of its group. Nobody has it: system users end at 999, and container ranges begin at 65536 or later. */
export const COMMAND_UID = 65_530;

export type CommandUser =
  | { readonly kind: 'worker' }
  | { readonly kind: 'own' }
  /** The worker is root and cannot be anybody else. */
  | { readonly kind: 'none'; readonly reason: string; readonly remedy: string };

/** A program and its arguments. */
export interface Invocation {
  readonly command: string;
  readonly args: readonly string[];
}

const SETPRIV = 'setpriv';
/** What bubblewrap needs to make namespaces as root, and what it takes to change to another user there and to write files as that one here. */
const NEEDED_CAPABILITIES = { chown: 0, dac_override: 1, fowner: 3, setgid: 6, setuid: 7, setpcap: 8, sys_admin: 21 } as const;
const RUN_AS_ROOTLESS = 'run the worker as an ordinary user, who needs no rights for that';

let found: CommandUser | undefined;

/** Of root it is looked up once. */
export function commandUser(): CommandUser {
  if (process.platform !== 'linux' || process.geteuid?.() !== 0) return { kind: 'worker' };
  found ??= findCommandUser();
  return found;
}

function findCommandUser(): CommandUser {
  const missing = missingCapabilities();
  if (missing.length > 0) {
    const reason = `the worker runs as root without the rights to become another user for commands (${missing.join(', ')})`;
    return { kind: 'none', reason, remedy: RUN_AS_ROOTLESS };
  }
  if (isInPath(SETPRIV)) return { kind: 'own' };
  const remedy = `install it (Debian, Ubuntu, Fedora: package util-linux; Alpine: setpriv), or ${RUN_AS_ROOTLESS}`;
  return {
    kind: 'none',
    reason: `the worker runs as root, and ${SETPRIV}, which lets commands run as another user, is not installed`,
    remedy,
  };
}

function missingCapabilities(): readonly string[] {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const bits = BigInt(`0x${effective}`);
  const missing = Object.entries(NEEDED_CAPABILITIES).filter(([, bit]) => ((bits >> BigInt(bit)) & 1n) === 0n);
  return missing.map(([name]) => `CAP_${name.toUpperCase()}`);
}

function isInPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** For a program of ours that writes in a tree: what it makes belongs to the commands' user, and it may read and write as the worker may. */
export function asTreeOwner(program: Invocation): Invocation {
  if (commandUser().kind !== 'own') return program;
  const kept = '-all,+dac_override,+dac_read_search,+fowner';
  return becoming(
    ['--securebits=+no_setuid_fixup', `--inh-caps=${kept}`, `--ambient-caps=${kept}`, `--bounding-set=${kept}`],
    program,
  );
}

/** For a command of a task, in the sandbox, where bubblewrap has left it the rights to become somebody without any. */
export function asCommandUser(program: Invocation): Invocation {
  return becoming(['--inh-caps=-all', '--bounding-set=-all'], program);
}

function becoming(capabilities: readonly string[], { command, args }: Invocation): Invocation {
  const user = [`--reuid=${COMMAND_UID}`, `--regid=${COMMAND_UID}`, '--clear-groups', '--no-new-privs'];
  return { command: SETPRIV, args: [...user, ...capabilities, '--', command, ...args] };
}

/** A file or folder that this process has made in a tree becomes the commands' own. */
export async function giveToCommands(path: string | Buffer): Promise<void> {
  if (commandUser().kind === 'own') await lchown(path, COMMAND_UID, COMMAND_UID);
}

/** Makes a folder in a tree, and what is missing above it, for the commands. @returns the topmost one that was made */
export async function makeFolders(path: string): Promise<string | undefined> {
  const topmost = await mkdir(path, { recursive: true });
  if (topmost === undefined) return undefined;
  for (let made = path; made.length >= topmost.length; made = dirname(made)) await giveToCommands(made);
  return topmost;
}
