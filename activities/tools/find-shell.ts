import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';

export type FoundShell =
  | { readonly kind: 'found'; readonly path: string }
  | { readonly kind: 'missing'; readonly reason: string };

/** Those that understand `-c`, and `-l` where they have it. */
const SHELLS = ['bash', 'sh', 'dash', 'zsh', 'ksh'];
const FOLDERS = ['/bin', '/usr/bin'];

/** A shell by its name or path; without one bash, or sh where there is no bash. */
export function findShell(asked: string | undefined): FoundShell {
  const name = asked === undefined || asked.trim() === '' ? undefined : basename(asked.trim());
  if (name !== undefined && !SHELLS.includes(name)) {
    return { kind: 'missing', reason: `shell: "${name}" is none of ${SHELLS.join(', ')}.` };
  }
  const wanted = name === undefined ? ['bash', 'sh'] : [name];
  const path = wanted.flatMap((shell) => FOLDERS.map((folder) => join(folder, shell))).find((candidate) => existsSync(candidate));
  if (path !== undefined) return { kind: 'found', path };
  return { kind: 'missing', reason: `shell: "${wanted.join(', ')}" is not installed on the host of the workspace.` };
}
