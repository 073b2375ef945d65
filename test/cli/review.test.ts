/** `anyport review` as a person runs it, from the repository to the emulated clouds and back. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSqliteTaskStore } from '../../activities/store/sqlite.ts';
import { toTaskId } from '../../workflows/domain/ids.ts';
import type { Cluster } from '../support/start-cluster.ts';
import { startCluster } from '../support/start-cluster.ts';
import { git, layOutGitRepository } from '../support/git-repository.ts';
import type { CommandOutcome } from './support/run-anyport.ts';
import { jsonLines, runAnyport } from './support/run-anyport.ts';

const FINDINGS = [
  { title: 'Minor', priority: 3, startLine: 2 },
  { title: 'The last element is\nlost', priority: 1, startLine: 3 },
  { title: 'Elsewhere', priority: 0, startLine: 1, file: 'src/other.js' },
].map((finding) => ({
  body: 'With [1] the sum is 0.\nThe loop ends too early.',
  confidence: 0.9,
  file: 'src/sum.js',
  endLine: finding.startLine,
  ...finding,
}));

const answer = (verdict: 'correct' | 'incorrect', findings: readonly object[]): object => ({
  text: JSON.stringify({ findings, verdict, explanation: 'It was read and run.', confidence: 0.75 }),
});

const SCRIPT = [
  {
    when: { inputContains: 'Look at the loop' },
    turns: [
      { toolCalls: [{ name: 'exec_command', input: { cmd: 'git diff "$(git merge-base HEAD HEAD~1)"; touch src/made.js' } }] },
      answer('incorrect', FINDINGS),
    ],
  },
  { when: { inputContains: 'Review the uncommitted changes' }, turns: [answer('correct', [FINDINGS[0] ?? {}])] },
  { when: { inputContains: 'Review the commit' }, turns: [{ text: 'It looks fine to me.' }] },
];

let cluster: Cluster;
let repository: string;

beforeAll(async () => {
  cluster = await startCluster({ script: SCRIPT, endpoints: ['azure-eastus2'] });
  const files = { 'src/sum.js': 'a\nb\nc\nd\n', 'src/other.js': 'x\n', 'AGENTS.md': 'Sums are exact.\n' };
  repository = layOutGitRepository(join(cluster.directory, 'repository'), files);
  git(repository, 'switch', '--quiet', '--create', 'feature');
  writeFileSync(join(repository, 'src/sum.js'), 'a\nb\nC\nd\n');
  git(repository, 'commit', '--quiet', '--all', '--message', 'Change');
});

afterAll(() => cluster.stop());

const review = (...args: readonly string[]): Promise<CommandOutcome> =>
  runAnyport(['review', '--workspace', repository, '--temporal', cluster.address, ...args]);

test('tells what must be mended, the most urgent first, and changes nothing', async () => {
  const { code, stdout } = await review('Look at the loop.', '--task-id', 'review-1');

  const told = stdout.slice(stdout.indexOf('review of'));
  expect(told).toMatch(/^review of the changes since HEAD parted from main at [0-9a-f]{12} \(1 file\)\n/);
  expect(told).toMatch(
    /src\/sum\.js:3 {2}\[P1\] The last element is lost\n {2}With \[1\].*\n {2}The loop.*\n {2}confidence 0\.90\n/,
  );
  expect(told.indexOf('[P1]')).toBeLessThan(told.indexOf('[P3] Minor'));
  expect(told).toMatch(/1 finding left out.*\n\nverdict: incorrect \(confidence 0\.75\)\nIt was read and run\./s);
  expect(told).not.toContain('Elsewhere');
  expect(told).toContain('task review-1 completed');
  expect(code).toBe(4);
  expect(git(repository, 'status', '--porcelain')).toBe('');
});

test('gives the model the project, the diff, the history and no tool to change files', async () => {
  const store = await openSqliteTaskStore(cluster.store);
  const taskId = toTaskId('review-1');

  const settings = await store.getSettings(taskId);
  const [attempt] = await store.listAttempts(taskId);
  if (attempt?.state.kind !== 'completed') throw new Error('the first turn was answered');
  const transcript = await store.readTranscript(taskId, attempt.state.answer.head);
  const [call] = await store.listToolCalls(taskId);
  const shown = await store.getItem(taskId, call?.result?.item ?? '');
  await store.close();

  expect(settings.tools).not.toContain('apply_patch');
  expect(settings.request).toMatchObject({ network: 'none' });
  expect(transcript.slice(0, 3)).toMatchObject([
    { origin: 'context', text: expect.stringMatching(/^# AGENTS\.md instructions for .*Sums are exact/s) },
    { origin: 'context', text: expect.stringContaining('<environment_context>') },
    { text: expect.stringMatching(/^Review the changes.*<diff>.*-c\n\+C\n.*<\/diff>$/s) },
  ]);
  expect(shown).toMatchObject({ outcome: 'ok', output: expect.stringMatching(/-c\n\+C\n/) });
});

test('ends well when nothing stands in the way, in a line of JSON for a program', async () => {
  writeFileSync(join(repository, 'src/sum.js'), 'a\nB\nC\nd\n');

  const { code, stdout } = await review('--uncommitted', '--json');

  git(repository, 'checkout', '--quiet', '.');
  expect(code).toBe(0);
  expect(jsonLines(stdout)[0]).toMatchObject({ kind: 'task-started' });
  expect(jsonLines(stdout).at(-1)).toMatchObject({
    kind: 'review',
    subject: 'the uncommitted changes',
    verdict: 'correct',
    blocked: false,
    dropped: 0,
    findings: [{ file: 'src/sum.js', startLine: 2, priority: 3 }],
  });
});

test('is told to have failed when the answer is no review', async () => {
  const { code, stdout } = await review('--commit', 'HEAD');

  expect(code).toBe(1);
  expect(stdout).toContain('It looks fine to me.');
});

test.each([
  ['two scopes', ['--base', 'main', '--uncommitted'], "cannot be used with option '--uncommitted'"],
  ['an unknown base', ['--base', 'nope'], 'there is no commit "nope"'],
  ['nothing to review', ['--uncommitted'], 'nothing to review'],
  ['a folder that is no repository', ['--workspace', '/'], 'is no git repository'],
])('is refused with exit code 2 for %s', async (_, args, words) => {
  const { code, stderr } = await review(...args);

  expect(stderr).toContain(words);
  expect(code).toBe(2);
});
