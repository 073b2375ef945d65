import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { commandUser } from '../../activities/command-user.ts';
import { createSandbox } from '../../activities/sandbox/create-sandbox.ts';
import { OutputBuffer } from '../../activities/sandbox/output-buffer.ts';
import { openSpool } from '../../activities/sandbox/output-spool.ts';
import { probeBubblewrap } from '../../activities/sandbox/probe-sandbox.ts';
import { aToolScene, scratchFolder } from '../tools/tool-scene.ts';

const probe = await probeBubblewrap();
const KEPT = /^Full output: (.+) \((\d+\.\d) MiB\)$/m;

describe('an output that is longer than what is kept in memory', () => {
  test.each([1, 1_000, 65_536, 3_000_000])('is in a file byte for byte, written in chunks of %d', (size) => {
    const folder = join(scratchFolder(), 'output');
    const all = Buffer.from(Array.from({ length: 300_000 }, (_, index) => `line ${index}\n`).join(''));
    const buffer = new OutputBuffer(folder);
    // Byte by byte only around the bound, which is what matters.
    const begin = size === 1 ? 1024 * 1024 - 200 : 0;
    if (begin > 0) buffer.write(all.subarray(0, begin));
    for (let at = begin; at < Math.min(all.length, size === 1 ? begin + 400 : all.length); at += size)
      buffer.write(all.subarray(at, Math.min(at + size, size === 1 ? at + 1 : all.length)));
    const written = size === 1 ? all.subarray(0, begin + 400) : all;

    const shown = buffer.toString();
    const kept = buffer.close();

    expect(shown).toMatch(/bytes omitted/);
    expect(kept).toMatchObject({ bytes: written.length, isWhole: true });
    expect(digest(readFileSync(kept?.path ?? ''))).toBe(digest(written));
  });

  test('leaves no file when it is shorter', () => {
    const folder = join(scratchFolder(), 'output');
    const buffer = new OutputBuffer(folder);
    buffer.write(Buffer.alloc(1024 * 1024 - 64, 'x'));

    expect(buffer.toString()).not.toContain('omitted');
    expect(buffer.close()).toBeUndefined();
    expect(existsSync(folder)).toBe(false);
  });

  test('is shown without its middle where no file can be made', () => {
    const blocked = join(scratchFolder(), 'output');
    writeFileSync(blocked, 'no folder');
    const buffer = new OutputBuffer(blocked);
    buffer.write(Buffer.alloc(2 * 1024 * 1024, 'x'));

    expect(buffer.toString()).toContain('bytes omitted');
    expect(buffer.close()).toBeUndefined();
  });

  test('takes the place of the oldest when a task has 1 GiB of them', () => {
    const folder = join(scratchFolder(), 'output');
    mkdirSync(folder);
    for (const [index, name] of ['oldest.txt', 'older.txt', 'old.txt'].entries()) {
      writeFileSync(join(folder, name), '');
      truncateSync(join(folder, name), 400 * 1024 * 1024);
      utimesSync(join(folder, name), index, index);
    }

    const kept = openSpool(folder)?.close();

    expect(new Set(readdirSync(folder))).toEqual(new Set(['old.txt', 'older.txt', kept?.path.slice(folder.length + 1)]));
  });
});

test.skipIf(commandUser().kind !== 'own')('says when the disk has no room for all of it', async () => {
  const folder = scratchFolder();
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', folder]);
  onTestFinished(() => void execFileSync('umount', [folder]));
  const scene = aToolScene(scratchFolder());

  const { outcome, output } = await scene.run('exec_command', { cmd: 'seq 1 400000; echo last' }, { outputFolder: folder });

  expect(outcome).toBe('ok');
  expect(output).toMatch(/^Full output: .+ \(its beginning; the disk had no room for all 2\.6 MiB\)$/m);
  expect(output).toContain('last');
});

describe.each(['none', 'bubblewrap'] as const)('with sandbox %s', (name) => {
  const runs = name === 'none' || probe.kind === 'usable';

  test.skipIf(!runs)('a model is told where all of a long output is, and the next command can look into it', async () => {
    const outputFolder = join(scratchFolder(), 'output');
    const [scene, place] = [aToolScene(scratchFolder()), { sandbox: createSandbox(name), outputFolder }];

    const cmd = 'seq 1 200000; echo needle; seq 1 200000';
    const { output } = await scene.run('exec_command', { cmd }, place);
    const [, path = '', size] = KEPT.exec(output) ?? [];
    const found = await scene.run(
      'exec_command',
      { cmd: `grep -n needle "${path}"; (: > "${path}") 2>/dev/null || echo kept` },
      place,
    );

    expect(size).toBe('2.5');
    expect(output).toContain('Original token count: 644450');
    expect(found.output).toContain('200001:needle');
    expect(found.output.includes('kept')).toBe(name === 'bubblewrap');
  });

  test.skipIf(!runs)('so is an older one, by shell', async () => {
    const outputFolder = join(scratchFolder(), 'output');
    const scene = aToolScene(scratchFolder());

    const { output } = await scene.run(
      'shell',
      { command: ['seq', '1', '300000'] },
      { sandbox: createSandbox(name), outputFolder },
    );

    expect(KEPT.exec(output)?.[2]).toBe('1.9');
  });
});

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
