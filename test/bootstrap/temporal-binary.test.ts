import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cachedTemporalPath, judgeVersion, searchTemporalBinary } from '../../scripts/temporal-binary.mjs';
import { scratchDirectory } from '../dev/scratch-directory.ts';

describe('a version of the Temporal CLI', () => {
  test.each([
    ['temporal version 1.5.0 (Server 1.29.0, UI 2.41.0)', '1.5.0'],
    ['temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)\n', '1.5.1'],
    ['temporal version 1.10.2 (Server 1.32.0, UI 2.54.0)', '1.10.2'],
    ['temporal version 2.0.0 (Server 2.0.0, UI 3.0.0)', '2.0.0'],
  ])('is taken from 1.5 on: %s', (output, version) => {
    expect(judgeVersion(output)).toEqual({ usable: true, version });
  });

  test('is judged by its server when it was built without a version', () => {
    const output = 'temporal version 0.0.0-DEV (Server 1.29.1, UI 2.42.1)';

    expect(judgeVersion(output)).toEqual({ usable: true, version: 'self-built, server 1.29' });
  });

  test.each([
    ['temporal version 1.4.1 (Server 1.28.0, UI 2.39.0)', 'is version 1.4.1, at least 1.5 is needed'],
    ['temporal version 0.13.2 (Server 1.24.2, UI 2.28.0)', 'is version 0.13.2, at least 1.5 is needed'],
    ['temporal version 0.0.0-DEV (Server 1.28.0, UI 2.39.0)', 'is self-built with server 1.28, at least 1.29 is needed'],
    ['usage: temporal [OPTIONS]\nmore', 'does not say which version it is: "usage: temporal [OPTIONS]"'],
    ['', 'does not say which version it is: ""'],
  ])('is refused with the reason: %s', (output, reason) => {
    expect(judgeVersion(output)).toEqual({ usable: false, reason });
  });
});

describe.skipIf(process.platform === 'win32')(
  'the search for a Temporal binary (skipped on Windows: its fakes are shell scripts)',
  () => {
    test('takes the first on PATH that is new enough, and says why it passed over the others', async () => {
      const old = fakeTemporal(scratchDirectory(), '1.4.1 (Server 1.28.0, UI 2.39.0)');
      const good = fakeTemporal(scratchDirectory(), '1.6.0 (Server 1.30.0, UI 2.45.0)');
      const env = { PATH: [dirname(old), dirname(good)].join(delimiter), XDG_CACHE_HOME: scratchDirectory() };

      const search = await searchTemporalBinary({ env });

      expect(search.found).toEqual({ path: good, source: 'PATH', version: '1.6.0' });
      expect(search.rejected).toEqual([`${old} (on PATH): is version 1.4.1, at least 1.5 is needed`]);
    });

    test('takes the cached one when none on PATH will do', async () => {
      const env = { PATH: '', XDG_CACHE_HOME: scratchDirectory() };
      const cached = cachedTemporalPath(env, 'linux');
      fakeTemporal(dirname(cached), '1.5.1 (Server 1.29.1, UI 2.42.1)');

      const search = await searchTemporalBinary({ env, platform: 'linux' });

      expect(search.found).toEqual({ path: cached, source: 'cache', version: '1.5.1' });
    });

    test('finds nothing on a bare machine and says where it looked', async () => {
      const env = { PATH: scratchDirectory(), XDG_CACHE_HOME: '/nowhere' };

      const search = await searchTemporalBinary({ env, platform: 'linux' });

      expect(search).toEqual({
        rejected: ['no "temporal" on PATH', 'nothing in the cache at /nowhere/anyport/temporal/1.5.1/temporal'],
      });
    });
  },
);

describe('the cache', () => {
  test.each([
    ['linux', { HOME: '/home/a' }, '/home/a/.cache/anyport/temporal/1.5.1/temporal'],
    ['linux', { HOME: '/home/a', XDG_CACHE_HOME: '/c' }, '/c/anyport/temporal/1.5.1/temporal'],
    ['linux', { HOME: '/home/a', XDG_CACHE_HOME: 'relative' }, '/home/a/.cache/anyport/temporal/1.5.1/temporal'],
    ['darwin', { HOME: '/Users/a' }, '/Users/a/Library/Caches/anyport/temporal/1.5.1/temporal'],
    ['win32', { LOCALAPPDATA: '/local' }, '/local/anyport/temporal/1.5.1/temporal.exe'],
  ] as const)('is where %s keeps caches: %o', (platform, env, path) => {
    expect(cachedTemporalPath(env, platform)).toBe(path);
  });
});

function fakeTemporal(directory: string, version: string): string {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, 'temporal');
  writeFileSync(path, `#!/bin/sh\necho 'temporal version ${version}'\n`);
  chmodSync(path, 0o755);
  return path;
}
