import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';
import { listProjectFiles, readProjectFile, ROOT } from './project-files.ts';

const FILES = listProjectFiles();
const CLOUDS = ['openai', 'azure', 'aws', 'google'];
const AGENTS_FOLDER = 'activities/managed-agents/';
const AGENT_SERVICES = [
  ...new Set(
    FILES.filter((file) => file.startsWith(AGENTS_FOLDER)).map((file) => file.slice(AGENTS_FOLDER.length).split('/')[0] ?? ''),
  ),
].filter((name) => !name.endsWith('.ts') && name !== 'agents-api');
const FOLDERS = ['.ci', 'activities', 'client', 'docs', 'scripts', 'test', 'workers', 'workflows'];
const SOURCE_FOLDERS = /^(?:workflows|activities|workers|client|scripts|test)\//;

describe('the layout', () => {
  test('has no other folders at its top', () => {
    const folders = new Set(FILES.filter((file) => file.includes('/')).map((file) => file.slice(0, file.indexOf('/'))));

    expect([...folders].toSorted()).toEqual(FOLDERS);
  });

  test('has no file for whatever has no place of its own', () => {
    const nameless = /(?:^|\/)(?:utils?|helpers?|common|shared|misc|types)(?:\.[a-z.]+$|\/)/;

    expect(FILES.filter((file) => SOURCE_FOLDERS.test(file) && nameless.test(file))).toEqual([]);
  });

  test.each(CLOUDS)('has the same four files for %s as for every cloud', (cloud) => {
    const folder = `activities/clouds/${cloud}/`;
    const names = FILES.filter((file) => file.startsWith(folder)).map((file) => file.slice(folder.length));

    expect(names.toSorted()).toEqual(['client.ts', 'failure.ts', 'request.ts', 'response.ts']);
  });

  test.each(AGENT_SERVICES)('has the same four files for %s as for every service of managed agents', (service) => {
    const folder = `${AGENTS_FOLDER}${service}/`;
    const names = FILES.filter((file) => file.startsWith(folder)).map((file) => file.slice(folder.length));

    expect(names).toEqual(expect.arrayContaining(['client.ts', 'failure.ts', 'request.ts', 'response.ts']));
  });

  test('has an index only where a process registers or a package is imported', () => {
    const indexes = FILES.filter((file) => SOURCE_FOLDERS.test(file) && /(?:^|\/)index\.[a-z]+$/.test(file));

    expect(indexes.toSorted()).toEqual(['activities/index.ts', 'client/index.ts', 'workers/index.ts', 'workflows/index.ts']);
  });
});

describe('package.json', () => {
  test('pins each dependency to one version', () => {
    const manifest = JSON.parse(readProjectFile('package.json')) as Record<string, Record<string, string>>; // ours
    const versions = Object.entries({ ...manifest['dependencies'], ...manifest['devDependencies'] });

    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });
});

describe('texts', () => {
  const documents = FILES.filter((file) => file.endsWith('.md') && !file.startsWith('scripts/demo/repository/'));

  test.each(documents)('%s links to files that exist', (document) => {
    const links = [...readProjectFile(document).matchAll(/\]\((?!https?:|mailto:|#)([^)\s#]+)[^)]*\)/g)].map(
      ([, target = '']) => target,
    );

    expect(links.filter((target) => !existsSync(join(ROOT, normalize(join(dirname(document), target)))))).toEqual([]);
  });

  test('name no path of the machine on which they were written', () => {
    const isText = /\.(?:ts|mts|mjs|js|json|md|ya?ml)$|(?:^|\/)(?:Dockerfile|run)$/;
    const machinePath = new RegExp(
      `(?:${['/work', '/Users', '/home'].join('|')})/(?:main|shared|[a-z]+/(?:src|code|projects))\\b`,
    );
    const texts = FILES.filter((file) => isText.test(file) && file !== 'package-lock.json');

    expect(texts.filter((file) => machinePath.test(readProjectFile(file)))).toEqual([]);
  });
});
