import fc from 'fast-check';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { applyPatch, readFiles, scratchFolder, writeFiles } from './tool-scene.ts';

/** Each run writes a few small files; more runs find nothing more and take longer. */
const RUNS = { numRuns: 60 };

interface Edit {
  readonly keep: number;
  readonly remove: number;
  readonly insert: readonly string[];
}

const edits = fc.array(
  fc.record({
    keep: fc.integer({ min: 1, max: 4 }),
    remove: fc.integer({ min: 0, max: 3 }),
    insert: fc.array(fc.stringMatching(/^[ -~]{0,12}$/), { maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 5 },
);

/** Lines that differ from each other, so that each chunk has one place only. */
function buildCase(all: readonly Edit[]): { before: string; after: string; patch: string[] } {
  const [before, after, patch]: [string[], string[], string[]] = [[], [], []];
  for (const [index, { keep, remove, insert }] of all.entries()) {
    const kept = Array.from({ length: keep }, (_, line) => `  keep ${index}.${line}`);
    const removed = Array.from({ length: remove }, (_, line) => `remove ${index}.${line}`);
    const inserted = insert.map((line, at) => `${index}.${at} ${line}`);
    before.push(...kept, ...removed);
    after.push(...kept, ...inserted);
    patch.push(
      '@@',
      ...kept.map((line) => ` ${line}`),
      ...removed.map((line) => `-${line}`),
      ...inserted.map((line) => `+${line}`),
    );
  }
  return { before: `${before.join('\n')}\n`, after: `${after.join('\n')}\n`, patch };
}

test('a patch that was made from two texts turns one into the other, and is then already applied', async () => {
  const scratch = scratchFolder();
  await fc.assert(
    fc.asyncProperty(edits, async (all) => {
      const root = mkdtempSync(join(scratch, 'p-'));
      const { before, after, patch } = buildCase(all);
      writeFiles(root, { 'a.txt': before });

      await applyPatch(root, '*** Update File: a.txt', ...patch);
      expect(readFiles(root)).toEqual({ 'a.txt': after });

      // One that only inserts fits again.
      if (all.every(({ remove }) => remove === 0)) return;
      await applyPatch(root, '*** Update File: a.txt', ...patch);
      expect(readFiles(root)).toEqual({ 'a.txt': after });
    }),
    RUNS,
  );
});

test('a patch with one section that does not fit leaves everything as it was', async () => {
  const scratch = scratchFolder();
  await fc.assert(
    fc.asyncProperty(edits, async (all) => {
      const root = mkdtempSync(join(scratch, 'p-'));
      const { before, patch } = buildCase(all);
      const files = { 'a.txt': before, 'b.txt': 'b\n', 'c.txt': 'c\n' };
      writeFiles(root, files);

      const sections = ['*** Delete File: b.txt', '*** Add File: d/e.txt', '+new', '*** Update File: a.txt', ...patch];
      const result = await applyPatch(root, ...sections, '*** Update File: c.txt', '-absent', '+x');

      expect(result.outcome).toBe('failed');
      expect(readFiles(root)).toEqual(files);
    }),
    RUNS,
  );
});

test('no path leads outside', async () => {
  const scratch = scratchFolder();
  const part = fc.constantFrom('..', '.', 'a', '', 'tree', '.git', 'b.txt', '\\', '~', '...');
  await fc.assert(
    fc.asyncProperty(fc.array(part, { minLength: 1, maxLength: 7 }), fc.boolean(), async (parts, isAbsolute) => {
      const outside = mkdtempSync(join(scratch, 'p-'));
      const root = join(outside, 'tree');
      writeFiles(root, { 'keep.txt': 'x\n' });

      await applyPatch(root, `*** Add File: ${isAbsolute ? `${outside}/` : ''}${parts.join('/')}`, '+x');

      const paths = Object.keys(readFiles(outside));
      expect(paths.filter((path) => !path.startsWith('tree/') || path.includes('.git'))).toEqual([]);
    }),
    RUNS,
  );
});
