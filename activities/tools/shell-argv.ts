/** Which shell runs a command line. Only shells of the system: what an approval reads is the command, so it must be what runs. */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';

const SHELLS = ['bash', 'sh', 'zsh', 'dash', 'ksh'];
/** The first one wins. The same inside of every sandbox. */
const FOLDERS = ['/bin', '/usr/bin', '/usr/local/bin'];

export interface ShellChoice {
  /** A name, or the path of one in a folder of the system. */
  readonly shell?: string | undefined;
  readonly login?: boolean | undefined;
}

export type ShellArgv =
  | { readonly kind: 'argv'; readonly argv: readonly string[] }
  | { readonly kind: 'refused'; readonly reason: string };

/** Bash where it is installed, else sh, unless one is chosen. */
export function shellArgv(commandLine: string, { shell, login = false }: ShellChoice): ShellArgv {
  const path = shell === undefined ? (find('bash') ?? '/bin/sh') : resolveShell(shell);
  if (path !== undefined) return { kind: 'argv', argv: [path, login ? '-lc' : '-c', commandLine] };
  const reason = `shell: ${JSON.stringify(shell)} is not one of the shells that are installed here: ${SHELLS.filter(find).join(', ')}.`;
  return { kind: 'refused', reason };
}

/**
 * The command line that an argument list runs, when it is a system's shell with one: `["bash", "-lc", "npm test"]`. A shell elsewhere,
 * for instance one that was put into the workspace, is a program like any other.
 */
export function commandLineOf(argv: readonly string[]): string | undefined {
  const [shell = '', flag = '', commandLine] = argv;
  if (argv.length !== 3 || !/^-l?c$/.test(flag)) return undefined;
  return resolveShell(shell) === undefined ? undefined : commandLine;
}

/** An argument list as a person would type it. */
export function quoteArguments(argv: readonly string[]): string {
  return argv.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`)).join(' ');
}

function resolveShell(shell: string): string | undefined {
  const name = SHELLS.find((known) => shell === known || FOLDERS.some((folder) => shell === join(folder, known)));
  return name === undefined ? undefined : find(name);
}

function find(name: string): string | undefined {
  return FOLDERS.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
