import fc from 'fast-check';
import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { toPatch } from '../../activities/clouds/responses-api/patch-operation.ts';
import { parsePatch, PatchSyntaxError } from '../../activities/tools/parse-patch.ts';
import { PatchMismatch, updateText } from '../../activities/tools/update-text.ts';
import { AGENTS_CORE_DIFFERENCES } from './agents-core-differences.ts';
import type { DiffOutcome, DiffOutcomes } from './agents-core-differences.ts';
import { arbitraryDiff } from './arbitrary-patch.ts';
import type { DiffCase } from './arbitrary-patch.ts';
import { AGENTS_CORE } from './oracle-packages.ts';
import { provideOracle } from './provide-oracle.ts';
import { report, runsOr, SEED } from './seed.ts';

/** 0.1 ms each. */
const RUNS = runsOr(10_000);
const TIMEOUT_MS = 120_000;

const ORACLE_MODULE = z.object({
  applyDiff: z.custom<(input: string, diff: string) => string>((value) => typeof value === 'function'),
});

const oracle = await provideOracle(AGENTS_CORE);
const { applyDiff } = ORACLE_MODULE.parse(
  oracle.kind === 'found' ? createRequire(import.meta.url)(oracle.path) : { applyDiff: String },
);
const why = oracle.kind === 'found' ? '' : ` (skipped: ${oracle.reason})`;

function runBoth({ before, diff }: DiffCase): DiffOutcomes {
  return { ours: runOurs(before, diff), theirs: runTheirs(before, diff) };
}

function runOurs(before: string, diff: string): DiffOutcome {
  try {
    const [section] = parsePatch(toPatch({ type: 'update_file', path: 'f', diff }));
    if (section?.kind !== 'update') throw new Error('no update');
    return { kind: 'done', text: updateText('f', before, section.chunks) };
  } catch (error) {
    if (error instanceof PatchSyntaxError || error instanceof PatchMismatch) return { kind: 'refused', problem: error.message };
    throw error;
  }
}

function runTheirs(before: string, diff: string): DiffOutcome {
  try {
    return { kind: 'done', text: applyDiff(before, diff) };
  } catch (error) {
    return { kind: 'refused', problem: error instanceof Error ? error.message : String(error) };
  }
}

/** What there is to say of the two; undefined when they differ for no reason that we know. */
function judge(diffCase: DiffCase, outcomes: DiffOutcomes): string | undefined {
  const { ours, theirs } = outcomes;
  if (ours.kind === 'refused' && theirs.kind === 'refused') return 'refused by both';
  if (ours.kind === 'done' && theirs.kind === 'done' && ours.text === theirs.text) return 'alike';
  const known = AGENTS_CORE_DIFFERENCES.find(({ explains }) => explains?.(diffCase, outcomes) === true);
  return known === undefined ? undefined : `by design: ${known.name}`;
}

describe.skipIf(oracle.kind === 'missing')(`applyDiff of @openai/agents-core${why}`, () => {
  test('does to generated diffs what our planner does, but for what is listed', { timeout: TIMEOUT_MS }, () => {
    const counts = new Map<string, number>();
    fc.assert(
      fc.property(arbitraryDiff, (diffCase) => {
        const outcomes = runBoth(diffCase);
        const verdict = judge(diffCase, outcomes);
        if (verdict === undefined) throw new Error(`no known difference: ${JSON.stringify(outcomes, undefined, 1)}`);
        counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
      }),
      { seed: SEED, numRuns: RUNS },
    );

    report('agents-core', counts);
    // Otherwise the cases are none that models write.
    expect((counts.get('alike') ?? 0) / RUNS).toBeGreaterThan(0.5);
  });

  test.each(AGENTS_CORE_DIFFERENCES)('differs by design: $name', ({ example, ours, theirs, explains }) => {
    const outcomes = runBoth(example);

    expect(outcomes).toEqual({ ours: outcomeOf(ours), theirs: outcomeOf(theirs) });
    expect(explains?.(example, outcomes)).not.toBe(false);
  });
});

function outcomeOf(expected: DiffOutcome): unknown {
  if (expected.kind === 'done') return expected;
  return { kind: 'refused', problem: expect.stringContaining(expected.problem) };
}
