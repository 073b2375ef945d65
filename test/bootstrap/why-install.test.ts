import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { nodeBinary, whyInstall } from '../../scripts/bootstrap/install-dependencies.mjs';
import { scratchDirectory } from '../dev/scratch-directory.ts';

type Packages = Record<string, { version?: string; integrity?: string; optional?: boolean; link?: boolean }>;

const LOCKED: Packages = {
  '': {},
  'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
  'node_modules/for-macos': { version: '2.0.0', optional: true },
};
const INSTALLED: Packages = { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' } };

test('nothing is installed when node_modules is what the lockfile asks for', async () => {
  expect(await whyInstall(aProject({ locked: LOCKED, installed: INSTALLED }))).toBeUndefined();
});

test('a missing node_modules is a reason', async () => {
  expect(await whyInstall(aProject({ locked: LOCKED }))).toBe('node_modules is missing or incomplete');
});

test.each([
  ['of another version', { 'node_modules/a': { version: '0.9.0' } }],
  ['of another content', { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-b' } }],
  ['that is not there', {}],
])('a package %s is a reason', async (_what, installed) => {
  expect(await whyInstall(aProject({ locked: LOCKED, installed }))).toBe('a is not as in package-lock.json');
});

test('a pinned Node that its install script never brought is a reason', async () => {
  const packages = { 'node_modules/node': { version: '24.21.0' } };
  const root = aProject({ locked: packages, installed: packages });

  expect(await whyInstall(root)).toBe(`${nodeBinary(root)} is missing`);
});

test('a folder without a lockfile is an error', async () => {
  await expect(whyInstall(scratchDirectory())).rejects.toThrow('is this a complete checkout?');
});

test('a lockfile that is no JSON is an error with its path', async () => {
  const root = aProject({ locked: LOCKED });
  writeFileSync(join(root, 'package-lock.json'), '<<<<<<< HEAD');

  await expect(whyInstall(root)).rejects.toThrow(/package-lock\.json cannot be read/);
});

function aProject({ locked, installed }: { locked: Packages; installed?: Packages }): string {
  const root = scratchDirectory();
  write(join(root, 'package-lock.json'), locked);
  if (installed !== undefined) write(join(root, 'node_modules', '.package-lock.json'), installed);
  return root;
}

function write(file: string, packages: Packages): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify({ lockfileVersion: 3, packages }));
}
