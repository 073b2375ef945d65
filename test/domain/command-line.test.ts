import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { beginsWith, isLooking, readCommands } from '../../workflows/domain/command-line.ts';

describe('reading a command line', () => {
  test.each<[string, readonly (readonly string[])[]]>([
    ['npm test', [['npm', 'test']]],
    ['  git   status ', [['git', 'status']]],
    ["grep -n 'a b' file", [['grep', '-n', 'a b', 'file']]],
    ['echo "it is"', [['echo', 'it is']]],
    [`a"b"'c'`, [['abc']]],
    ["''", [['']]],
    ['a && b || c; d | e', [['a'], ['b'], ['c'], ['d'], ['e']]],
    ['a\nb', [['a'], ['b']]],
    ['a;', [['a']]],
  ])('%j is the commands %j', (line, commands) => {
    expect(readCommands(line)).toEqual(commands);
  });

  test.each([
    'echo $HOME',
    'echo `id`',
    'echo "$(id)"',
    'echo "a\\"b"',
    'cat < in',
    'ls > out',
    'ls 2>&1',
    '(ls)',
    '{ ls; }',
    'ls *.ts',
    'ls file?',
    'ls [ab]',
    'sleep 1 &',
    'ls \\\n-l',
    "echo 'open",
    'echo "open',
    'A=1 ls',
    'ls && PATH=. ls',
    'ls # comment',
    '! ls',
    'cat ~/x',
    '',
    ' ; ',
  ])('%j is not read: a shell may do more than its words say', (line) => {
    expect(readCommands(line)).toBeUndefined();
  });

  test('words in single quotes come back as they are', () => {
    const word = fc.string().filter((text) => !text.includes("'"));
    fc.assert(
      fc.property(fc.array(word, { minLength: 1 }), (words) => {
        const [first = ''] = words;
        fc.pre(!/^[A-Za-z_][A-Za-z0-9_]*\+?=/.test(first));
        expect(readCommands(words.map((text) => `'${text}'`).join(' '))).toEqual([words]);
      }),
    );
  });
});

test('a prefix covers whole words alone, and an empty one nothing', () => {
  expect(beginsWith(['git', 'push', 'origin'], ['git', 'push'])).toBe(true);
  expect(beginsWith(['git', 'pushy'], ['git', 'push'])).toBe(false);
  expect(beginsWith(['git'], ['git', 'push'])).toBe(false);
  expect(beginsWith(['git'], [])).toBe(false);
});

describe('commands that only look', () => {
  test.each([
    'ls -la',
    'cat a b',
    'git status',
    'git log --oneline -5',
    'find . -name x',
    'rg -n needle src',
    'sed -n 1,20p file',
  ])('%s does', (line) => {
    expect(isLooking(line.split(' '))).toBe(true);
  });

  test.each([
    'rm file',
    'git push',
    'git diff --output=x',
    'git diff --outp x',
    'git log --ext-diff',
    'git grep -Ovim x',
    'git -c core.pager=x log',
    'find . -delete',
    'find . -exec rm x',
    'find . -fprint x',
    'rg --pre sh x',
    'sed -i s/a/b/ file',
    'sed -n 1w file',
    'sed -n 1p -i file',
    'tee file',
    'sort -o x y',
    'file -C -m x',
    '',
  ])('%j may do more', (line) => {
    expect(isLooking(line.split(' '))).toBe(false);
  });
});
