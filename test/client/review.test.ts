import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { readChangedLines } from '../../client/cli/changed-lines.ts';
import type { ReviewFinding } from '../../client/cli/review-answer.ts';
import { readReview, reviewSchema } from '../../client/cli/review-answer.ts';
import { reviewPrompt } from '../../client/cli/review-prompt.ts';
import type { ReviewTarget } from '../../client/cli/review-scope.ts';
import { findReviewScope } from '../../client/cli/review-scope.ts';
import { parseTaskRequest } from '../../client/task-request.ts';
import { git, layOutGitRepository } from '../support/git-repository.ts';

const numbered = (count: number): string => Array.from({ length: count }, (_, line) => `${line + 1}\n`).join('');

describe('the scope of a review', () => {
  let repository: string;

  /** `main` has one commit, `feature` one more, and is checked out. */
  beforeEach(() => {
    const directory = mkdtempSync(join(tmpdir(), 'anyport-review-test-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    repository = layOutGitRepository(join(directory, 'repository'), { 'a.txt': numbered(20), 'gone.txt': numbered(3) });
    git(repository, 'switch', '--quiet', '--create', 'feature');
    write('a.txt', numbered(20).replace('10\n', 'ten\n'));
    git(repository, 'rm', '--quiet', 'gone.txt');
    commit('Change');
  });

  const write = (name: string, content: string): void => writeFileSync(join(repository, name), content);
  const commit = (message: string): void => {
    git(repository, 'add', '--all');
    git(repository, 'commit', '--quiet', '--message', message);
  };
  const scopeOf = (target: ReviewTarget) => findReviewScope(repository, target);
  const base = (name?: string) => scopeOf({ kind: 'base', base: name });

  test('is what the branch changed since it parted from the default branch', async () => {
    git(repository, 'switch', '--quiet', 'main');
    write('later.txt', 'x');
    commit('Later on main');
    git(repository, 'switch', '--quiet', 'feature');

    const { subject, command, changed, diff } = await base();

    const parted = git(repository, 'merge-base', 'main', 'feature').trim();
    expect(subject).toBe(`the changes since HEAD parted from main at ${parted.slice(0, 12)}`);
    expect(command).toBe(`git diff ${parted}`);
    expect([...changed]).toEqual([
      ['a.txt', [{ first: 7, last: 13 }]],
      ['gone.txt', [{ first: 1, last: 3 }]],
    ]);
    expect(diff).toContain('+ten');
  });

  test('takes along what is not committed, untracked files too, and leaves index and objects as they are', async () => {
    write('a.txt', numbered(20));
    write('new.txt', 'new\n');
    const before = [git(repository, 'status', '--porcelain'), git(repository, 'count-objects')];

    const since = await base('main');
    const uncommitted = await scopeOf({ kind: 'uncommitted' });

    expect([...since.changed.keys()]).toEqual(['gone.txt', 'new.txt']);
    expect(since.subject).toMatch(/, with what is not committed yet$/);
    expect([...uncommitted.changed.keys()]).toEqual(['a.txt', 'new.txt']);
    expect(uncommitted.command).toBe('git diff HEAD');
    expect([git(repository, 'status', '--porcelain'), git(repository, 'count-objects')]).toEqual(before);
  });

  test('is one commit, read as it was when the checkout is another', async () => {
    const [head, first] = git(repository, 'rev-parse', 'HEAD', 'main').trim().split('\n');

    const now = await scopeOf({ kind: 'commit', commit: 'HEAD' });
    const root = await scopeOf({ kind: 'commit', commit: 'main' });

    expect(now).toMatchObject({ subject: `the commit ${head?.slice(0, 12)}`, command: `git diff ${first} ${head}` });
    expect(now).not.toHaveProperty('fileCommand');
    expect(root).toMatchObject({ command: `git show ${first}`, fileCommand: `git show ${first}:<path>` });
    expect([...root.changed.keys()]).toEqual(['a.txt', 'gone.txt']);
  });

  test('is since the upstream when that is another branch', async () => {
    git(repository, 'switch', '--quiet', '--create', 'further');
    git(repository, 'branch', '--quiet', '--set-upstream-to', 'feature');
    write('further.txt', 'x');
    commit('Further');

    expect([...(await base()).changed.keys()]).toEqual(['further.txt']);
  });

  test('is what is not committed where there is nothing to compare with', async () => {
    git(repository, 'branch', '--quiet', '--delete', '--force', 'main');
    await expect(base()).rejects.toThrow('nothing says what to compare');

    write('new.txt', 'x');

    expect((await base()).subject).toBe('the uncommitted changes');
  });

  test('does not depend on what the person configured', async () => {
    const plain = await base('main');
    for (const [name, value] of [
      ['diff.noprefix', 'true'],
      ['color.ui', 'always'],
      ['diff.external', 'false'],
      ['diff.context', '0'],
    ] as const) {
      git(repository, 'config', name, value);
    }

    expect(await base('main')).toEqual(plain);
  });

  test.each<[string, ReviewTarget, RegExp]>([
    ['an unknown base', { kind: 'base', base: 'nope' }, /there is no commit "nope" in .*: name a branch, a tag or a commit/],
    ['an unknown commit', { kind: 'commit', commit: 'nope' }, /there is no commit "nope"/],
    ['an option for a commit', { kind: 'commit', commit: '--all' }, /there is no commit "--all"/],
    [
      'nothing since the base',
      { kind: 'base', base: 'HEAD' },
      /nothing to review in .*: the changes since HEAD parted from HEAD at [0-9a-f]+ touch no file/,
    ],
    ['nothing uncommitted', { kind: 'uncommitted' }, /nothing to review in .*: the uncommitted changes touch no file/],
  ])('is refused for %s', async (_, target, words) => {
    await expect(scopeOf(target)).rejects.toThrow(words);
  });

  test('is refused for a history of its own', async () => {
    git(repository, 'switch', '--quiet', '--orphan', 'other');
    write('b.txt', 'x');
    commit('Other');

    await expect(base('main')).rejects.toThrow('have no common commit: name another --base');
  });
});

describe('the changed lines of a diff', () => {
  test('are those of its hunks, by the names that git quotes, and none where it shows none', () => {
    const diff = [
      'diff --git "a/tab\\there \\"q\\".txt" "b/tab\\there \\"q\\".txt"',
      '--- "a/tab\\there \\"q\\".txt"',
      '+++ "b/tab\\there \\"q\\".txt"',
      '@@ -1 +1,2 @@',
      '-old',
      '+++ /not/a/header',
      '+@@ -9 +9 @@',
      '\\ No newline at end of file',
      'diff --git a/with blank.txt b/with blank.txt',
      '--- a/with blank.txt\t',
      '+++ b/with blank.txt\t',
      '@@ -10,0 +11,3 @@ function x',
      '+1',
      '+2',
      '+3',
      '@@ -20,2 +23,0 @@',
      '-1',
      '-2',
      '',
    ].join('\n');

    expect([...readChangedLines(diff, ['moved.bin', 'with blank.txt'])]).toEqual([
      ['moved.bin', []],
      [
        'with blank.txt',
        [
          { first: 11, last: 13 },
          { first: 23, last: 23 },
        ],
      ],
      ['tab\there "q".txt', [{ first: 1, last: 2 }]],
    ]);
  });
});

describe('the answer of a review', () => {
  const CHANGED = new Map([
    ['src/a.js', [{ first: 10, last: 20 }]],
    ['logo.png', []],
  ]);
  const aFinding = (overrides: Partial<ReviewFinding> = {}): ReviewFinding => ({
    title: 'Off by one',
    body: 'It ends too early.',
    priority: 2,
    confidence: 0.9,
    file: 'src/a.js',
    startLine: 12,
    endLine: 12,
    ...overrides,
  });
  const review = (findings: readonly ReviewFinding[], verdict: 'correct' | 'incorrect' = 'correct') =>
    readReview(JSON.stringify({ findings, verdict, explanation: 'So it is.', confidence: 0.8 }), CHANGED);

  test('is told by priority, then by place', () => {
    const found = review([
      aFinding({ title: 'd', priority: 3 }),
      aFinding({ title: 'c', file: 'src/a.js', startLine: 14, endLine: 14 }),
      aFinding({ title: 'b', file: 'src/a.js', startLine: 11, endLine: 14 }),
      aFinding({ title: 'a', file: 'logo.png' }),
    ]);

    expect(found?.findings.map(({ title }) => title)).toEqual(['a', 'b', 'c', 'd']);
    expect(found).toMatchObject({ dropped: 0, blocked: false, verdict: 'correct' });
  });

  test.each([
    ['a file that the change does not touch', { file: 'src/b.js' }],
    ['a file that does not exist', { file: '../../etc/passwd' }],
    ['lines before the change', { startLine: 1, endLine: 9 }],
    ['lines after it', { startLine: 21, endLine: 30 }],
  ])('drops and counts what points to %s', (_, place) => {
    expect(review([aFinding(), aFinding(place)])).toMatchObject({ findings: [aFinding()], dropped: 1 });
  });

  test.each([
    ['with the prefix of a diff', 'b/src/a.js'],
    ['with a dot', './src/a.js'],
    ['from the root of the disk', '/srv/data/workspaces/t-1/tree/src/a.js'],
  ])('takes a path %s for what it means', (_, file) => {
    expect(review([aFinding({ file })])).toMatchObject({ findings: [aFinding()], dropped: 0 });
  });

  test('takes a range the wrong way round', () => {
    expect(review([aFinding({ startLine: 25, endLine: 18 })])?.findings).toEqual([aFinding({ startLine: 18, endLine: 25 })]);
  });

  test.each([
    ['the verdict', [], 'incorrect', true],
    ['a finding that must be mended first, whatever the verdict', [aFinding({ priority: 1 })], 'correct', true],
    ['no finding that can wait', [aFinding({ priority: 2 })], 'correct', false],
    ['nothing that points elsewhere', [aFinding({ priority: 0, file: 'x' })], 'correct', false],
  ] as const)('blocks by %s', (...[, findings, verdict, blocked]) => {
    expect(review(findings, verdict)).toMatchObject({ blocked });
  });

  test.each(['no json', '{}', JSON.stringify({ findings: [{}], verdict: 'correct', explanation: '', confidence: 1 })])(
    'is none when it is %s',
    (output) => {
      expect(readReview(output, CHANGED)).toBeUndefined();
    },
  );

  test('has a schema that the door takes, with every property required', () => {
    const schema = reviewSchema();

    expect(parseTaskRequest({ prompt: 'p', model: 'm', outputSchema: schema })).toMatchObject({ outputSchema: schema });
    expect(schema).toMatchObject({
      additionalProperties: false,
      required: ['findings', 'verdict', 'explanation', 'confidence'],
      properties: { findings: { items: { additionalProperties: false, required: Object.keys(aFinding()) } } },
    });
  });
});

describe('the prompt of a review', () => {
  const SCOPE = { subject: 'the commit abc', command: 'git show abc', diff: '+x\n', changed: new Map([['a.txt', []]]) };

  test('has a small diff, the way to it, and what the person wants besides', () => {
    const prompt = reviewPrompt({ ...SCOPE, fileCommand: 'git show abc:<path>' }, ' Look at locks. ');

    expect(prompt).toMatch(/^Review the commit abc\.\n/);
    expect(prompt).toContain('besides:\nLook at locks.\n');
    expect(prompt).toContain('read them as they were with `git show abc:<path>`');
    expect(prompt).toMatch(/<diff>\n\+x\n<\/diff>$/);
  });

  test('has the way to a large one, and names its files', () => {
    const changed = new Map(Array.from({ length: 400 }, (_, index) => [`f${index}`, []] as const));

    const prompt = reviewPrompt({ ...SCOPE, diff: 'x'.repeat(50_000), changed }, undefined);

    expect(prompt).toContain('It changes 400 files; read it file by file with `git show abc -- <path>`:\n- f0\n');
    expect(prompt).toMatch(/- f299\n- and 100 more$/);
  });
});
