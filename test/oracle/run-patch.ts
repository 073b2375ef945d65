/** One patch, as our planner and as the oracle carry it out. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parsePatch, PatchSyntaxError } from '../../activities/tools/parse-patch.ts';
import { PatchRefused, planPatch } from '../../activities/tools/plan-patch.ts';
import { PatchMismatch } from '../../activities/tools/update-text.ts';
import { readFiles, writeFiles } from '../tools/tool-scene.ts';
import type { Files, PatchCase } from './arbitrary-patch.ts';

export type Outcome =
  | { readonly kind: 'done'; readonly files: Files }
  /** What our tool says of a patch that does not fit because it was carried out before. */
  | { readonly kind: 'already-applied' }
  | { readonly kind: 'refused'; readonly files: Files; readonly problem: string };

export interface Outcomes {
  readonly ours: Outcome;
  readonly theirs: Outcome;
}

export async function runBoth(program: string, { files, patch }: PatchCase): Promise<Outcomes> {
  const scratch = mkdtempSync(join(tmpdir(), 'anyport-oracle-'));
  const root = join(scratch, 'tree');
  try {
    writeFiles(root, files);
    const ours = await plan(root, { files, patch });
    return { ours, theirs: await runProgram(program, root, patch) };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function plan(root: string, { files, patch }: PatchCase): Promise<Outcome> {
  try {
    const planned = await planPatch(root, parsePatch(patch));
    if (planned.kind === 'already-applied') return planned;
    const after = new Map(Object.entries(files));
    for (const change of planned.changes) {
      if (change.after === undefined) after.delete(change.path);
      else after.set(change.path, change.after.text);
    }
    return { kind: 'done', files: Object.fromEntries(after) };
  } catch (error) {
    if (error instanceof PatchSyntaxError || error instanceof PatchMismatch || error instanceof PatchRefused)
      return { kind: 'refused', files, problem: error.message };
    throw error;
  }
}

/** The program that is `apply_patch` when it is called by that name. */
async function runProgram(program: string, root: string, patch: string): Promise<Outcome> {
  const child = spawn(program, [], { argv0: 'apply_patch', cwd: root, env: { HOME: root }, stdio: ['pipe', 'ignore', 'pipe'] });
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  // It may refuse before it has read everything.
  child.stdin.on('error', () => undefined).end(patch);
  const [code, problem] = await Promise.all([ended, text(child.stderr)]);
  const files = readFiles(root);
  return code === 0 ? { kind: 'done', files } : { kind: 'refused', files, problem };
}

export function isSame(one: Files, other: Files): boolean {
  const [paths, others] = [Object.keys(one), Object.keys(other)];
  return paths.length === others.length && paths.every((path) => one[path] === other[path]);
}
