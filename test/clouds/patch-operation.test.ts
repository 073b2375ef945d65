import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toOperations, toPatch } from '../../activities/clouds/responses-api/patch-operation.ts';
import { parsePatch } from '../../activities/tools/parse-patch.ts';
import { updateText } from '../../activities/tools/update-text.ts';
import { arbitraryPatch } from '../oracle/arbitrary-patch.ts';

function patchOf(...lines: readonly string[]): string {
  return ['*** Begin Patch', ...lines, '*** End Patch'].join('\n');
}

test('each file of a patch becomes an operation', () => {
  const patch = patchOf(
    '*** Add File: a',
    '+x',
    '+',
    '*** Update File: b',
    '@@ f',
    ' 1',
    '-2',
    '*** End of File',
    '*** Delete File: c',
  );

  expect(toOperations(patch)).toEqual([
    { type: 'create_file', path: 'a', diff: '+x\n+\n' },
    { type: 'update_file', path: 'b', diff: '@@ f\n 1\n-2\n*** End of File' },
    { type: 'delete_file', path: 'c' },
  ]);
});

test.each([
  ['moves a file', patchOf('*** Update File: a', '*** Move to: b', '-x', '+y')],
  ['makes no sense', 'hello'],
  ['', ''],
])('a patch that %s cannot be said in operations', (_name, patch) => {
  expect(toOperations(patch)).toBeUndefined();
});

test('an operation becomes a patch and comes back as it was', () => {
  fc.assert(
    fc.property(arbitraryPatch, ({ patch }) => {
      const operations = toOperations(patch) ?? [];
      for (const operation of operations) {
        const again = toPatch(operation);

        expect(parsePatch(again)).toHaveLength(1);
        expect(toOperations(again)?.[0]).toMatchObject({ type: operation.type, path: operation.path });
      }
    }),
  );
});

test.each([
  ['below its anchor', '@@ b\n+x', 'a\nb\nx\nc\n'],
  ['below the last of several anchors', '@@ a\n@@ b\n+x', 'a\nb\nx\nc\n'],
  ['behind the chunk before', '@@\n-a\n+A\n@@\n+x', 'A\nx\nb\nc\n'],
  ['at the end behind a chunk that ends there', '@@\n-c\n*** End of File\n@@\n+x', 'a\nb\nx\n'],
])('what is only inserted goes %s', (_name, diff, after) => {
  const [section] = parsePatch(toPatch({ type: 'update_file', path: 'f', diff }));
  if (section?.kind !== 'update') throw new Error('no update');

  expect(updateText('f', 'a\nb\nc\n', section.chunks)).toBe(after);
});

test('a path cannot smuggle in another file', () => {
  const patch = toPatch({ type: 'delete_file', path: 'a\n*** Delete File: b' });

  expect(parsePatch(patch)).toEqual([{ kind: 'delete', path: 'a *** Delete File: b' }]);
});
