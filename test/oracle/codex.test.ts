import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arbitraryPatch } from './arbitrary-patch.ts';
import { CODEX_DIFFERENCES } from './codex-differences.ts';
import type { Difference } from './codex-differences.ts';
import { codexPackage } from './oracle-packages.ts';
import { provideOracle } from './provide-oracle.ts';
import { isSame, runBoth } from './run-patch.ts';
import type { Outcomes } from './run-patch.ts';
import { report, runsOr, SEED } from './seed.ts';

/** 25 ms each on two busy cores, most of it for the start of the program. */
const RUNS = runsOr(1500);
const TIMEOUT_MS = 300_000;

const oracle = await provideOracle(codexPackage());
const program = oracle.kind === 'found' ? oracle.path : '';
const why = oracle.kind === 'found' ? '' : ` (skipped: ${oracle.reason})`;

/** What there is to say of the two; undefined when they differ for no reason that we know. */
function judge(patch: string, outcomes: Outcomes): string | undefined {
  const { ours, theirs } = outcomes;
  if (ours.kind === 'refused' && theirs.kind === 'refused') return 'refused by both';
  if (ours.kind === 'done' && theirs.kind === 'done' && isSame(ours.files, theirs.files)) return 'alike';
  const known = CODEX_DIFFERENCES.find(({ explains }) => explains?.(patch, outcomes) === true);
  return known === undefined ? undefined : `by design: ${known.name}`;
}

describe.skipIf(oracle.kind === 'missing')(`the program apply_patch of Codex${why}`, () => {
  test('does to generated patches what our planner does, but for what is listed', { timeout: TIMEOUT_MS }, async () => {
    const counts = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(arbitraryPatch, async (patch) => {
        const outcomes = await runBoth(program, patch);
        const verdict = judge(patch.patch, outcomes);
        if (verdict === undefined) throw new Error(`no known difference: ${JSON.stringify(outcomes, undefined, 1)}`);
        counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
      }),
      { seed: SEED, numRuns: RUNS },
    );

    report('codex', counts);
    // Otherwise the cases are none that models write.
    expect((counts.get('alike') ?? 0) / RUNS).toBeGreaterThan(0.5);
  });

  test.each(CODEX_DIFFERENCES)('differs by design: $name', async ({ example, ours, theirs }) => {
    expect(await runBoth(program, example)).toEqual({ ours: outcomeOf(ours), theirs: outcomeOf(theirs) });
  });
});

function outcomeOf(expected: Difference['ours']): unknown {
  if (typeof expected !== 'string') return { kind: 'done', files: expected };
  if (expected === 'already-applied') return { kind: expected };
  return expect.objectContaining({ kind: 'refused', problem: expect.stringContaining(expected) });
}
