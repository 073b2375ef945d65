/**
 * Whose a tree is. Where commands have a user of their own, the folder at the tree's top tells whether all below it is theirs: a command
 * without a sandbox, which makes files as the worker, takes the folder from them, and the next one in the sandbox gives them everything.
 */
import { execFile } from 'node:child_process';
import { lchown, lstat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { COMMAND_UID, commandUser } from '../command-user.ts';

/** Before a command in the sandbox. A tree of 100,000 files takes a quarter of a second, once. @throws Error */
export async function ownTree(tree: string): Promise<void> {
  if (commandUser().kind !== 'own' || (await lstat(tree)).uid === COMMAND_UID) return;
  const owner = `${COMMAND_UID}:${COMMAND_UID}`;
  // Links are not followed, wherever a command that runs meanwhile may lead them.
  await promisify(execFile)('chown', ['--recursive', '--no-dereference', '-P', owner, tree]);
}

/** Around a command without a sandbox. */
export async function disownTree(tree: string): Promise<void> {
  if (commandUser().kind !== 'own') return;
  // The command may have removed it.
  await lchown(tree, 0, 0).catch(() => undefined);
}
