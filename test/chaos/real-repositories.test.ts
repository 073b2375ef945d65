/**
 * `anyport run` on real repositories of at least 500 files, while clouds fail and workers are killed at random moments: in the end the tests of
 * each repository pass, and its files are what they would be had nothing happened.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CommandOutcome } from '../cli/support/run-anyport.ts';
import { jsonLines, runAnyport } from '../cli/support/run-anyport.ts';
import { MODEL } from '../support/builders.ts';
import { git } from '../support/git-repository.ts';
import type { Cluster, EmulatedEndpoint } from '../support/start-cluster.ts';
import { startCluster } from '../support/start-cluster.ts';
import type { ChaosScene } from './chaos-scene.ts';
import { openChaosScene } from './chaos-scene.ts';
import { conversationOf, layOutPackage, MARKED, marksOf, REAL_PACKAGES } from './real-repositories.ts';

const ENDPOINTS = ['openai', 'azure-eastus2', 'aws-us-east-1', 'google-global'] as const satisfies readonly EmulatedEndpoint[];
/** Other faults with `ANYPORT_TEST_SEED=<number>`. */
const SEED = Number(process.env['ANYPORT_TEST_SEED'] ?? 20260427);
const KILLS = 4;
const TIMEOUT_MS = 240_000;
/**
 * Those that a turn survives however many of them come together. A killed worker may leave an answer behind that was billed, and a turn of which
 * two may have been billed is given up, as it should be; so no fault adds to that, and no turn is hit by two
 * kills. Outages that open circuits are tried with more tasks and time elsewhere (flapping.test.ts).
 */
const PASSING = [
  { kind: 'status', status: 503, count: 1 },
  { kind: 'status', status: 429, headers: { 'retry-after': '1' }, count: 1 },
  { kind: 'status', reason: 'overloaded', count: 1 },
  { kind: 'slow-stream', eventDelayMs: 200, count: 3 },
] as const;

const random = seeded(SEED);
let cluster: Cluster;
let scene: ChaosScene;
let kills = 0;
const outcomes = new Map<string, CommandOutcome>();

beforeAll(async () => {
  cluster = await startCluster({
    script: REAL_PACKAGES.map(conversationOf),
    endpoints: ENDPOINTS,
    supervised: true,
  });
  scene = openChaosScene(cluster);
  await Promise.all(ENDPOINTS.map((endpoint) => cluster.setFaults(endpoint, randomFaults())));
  for (const real of REAL_PACKAGES) layOutPackage(real, folderOf(real.name));
  const runs = Promise.all(REAL_PACKAGES.map(({ name }) => run(name)));
  await Promise.all([runs, killAtRandom(runs)]);
  console.log(`seed ${SEED}: ${kills} workers killed`);
}, TIMEOUT_MS);
afterAll(async () => {
  scene.close();
  await cluster.stop();
});

function folderOf(name: string): string {
  return join(cluster.directory, 'repositories', name);
}

async function run(name: string): Promise<void> {
  const task = ['run', `mend ${name}`, '--task-id', name, '--model', MODEL, '--workspace', folderOf(name), '--apply', '--json'];
  outcomes.set(name, await runAnyport([...task, '--temporal', cluster.address]));
}

async function killAtRandom(runs: Promise<unknown>): Promise<void> {
  let isOver = false;
  void runs.finally(() => (isOver = true)).catch(() => undefined);
  let hit: readonly number[] = [];
  while (kills < KILLS) {
    await delay(300 + random() * 2_200);
    if (isOver) return;
    const turns = REAL_PACKAGES.map(({ name: taskId }) => scene.turn(taskId));
    if (turns.some((turn, index) => turn === hit[index] && !outcomes.has(REAL_PACKAGES[index]?.name ?? ''))) continue;
    const name = REAL_PACKAGES[Math.floor(random() * REAL_PACKAGES.length)]?.name;
    const owner = name === undefined ? undefined : scene.ownerOf(name);
    if (owner === undefined) continue;
    try {
      process.kill(Number.parseInt(owner, 10), 'SIGKILL');
      kills += 1;
      hit = turns;
    } catch {
      // It was killed a moment ago, and its activity is not yet taken over.
    }
  }
}

function randomFaults(): readonly object[] {
  return Array.from({ length: 4 }, (_, index) => ({
    ...PASSING[Math.floor(random() * PASSING.length)],
    skip: index * 3 + Math.floor(random() * 3),
  }));
}

describe.each(REAL_PACKAGES)('$name', ({ name, bug }) => {
  test('has at least 500 files', () => {
    expect(git(folderOf(name), 'ls-files').trim().split('\n').length).toBeGreaterThanOrEqual(500);
  });

  test('its task completes, with no effect twice', () => {
    const outcome = outcomes.get(name);
    const result = jsonLines(outcome?.stdout ?? '').at(-1);

    expect(result?.['reason']).toBeUndefined();
    expect(result).toMatchObject({ state: 'completed', output: `${name} is mended.`, toolEffectsTwice: 0 });
  });

  test('its tests pass, and its files are as if nothing had happened', () => {
    const folder = folderOf(name);

    execFileSync(process.execPath, ['--test', 'test/bug.test.mjs'], { cwd: folder, env: { PATH: process.env['PATH'] } });

    const packaged = fileURLToPath(new URL(`../../node_modules/${name}/${bug.file}`, import.meta.url));
    // A patched file ends in a newline, whether it did before or not.
    expect(readFileSync(join(folder, bug.file), 'utf8').trimEnd()).toBe(readFileSync(packaged, 'utf8').trimEnd());
    expect(marksOf(folder)).toEqual({ files: MARKED, most: 1 });
    const changed = git(folder, 'status', '--porcelain').trim().split('\n');
    expect(changed).toHaveLength(MARKED + 1);
  });
});

test('workers were killed while the tasks ran', () => {
  expect(kills).toBeGreaterThan(0);
});

/** The same numbers in [0, 1) for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
