import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BatchProgress, LineRange, LineState } from '../../workflows/domain/batch-window.ts';
import { countLines, lineAt, lineEnded, lineStarted, nextLine, NO_PROGRESS } from '../../workflows/domain/batch-window.ts';

const STATES: readonly LineState[] = ['completed', 'failed', 'cancelled'];

/** Ranges as a file gives them: in order, apart from each other, where bad lines are left out. */
const ranges: fc.Arbitrary<readonly LineRange[]> = fc
  .array(fc.record({ gap: fc.integer({ min: 1, max: 4 }), length: fc.integer({ min: 1, max: 5 }) }), { maxLength: 6 })
  .map((parts) => {
    let line = 0;
    return parts.map(({ gap, length }) => {
      const first = line + gap;
      line = first + length;
      return { first, last: line - 1 };
    });
  });

function linesOf(all: readonly LineRange[]): readonly number[] {
  return all.flatMap(({ first, last }) => Array.from({ length: last - first + 1 }, (_, index) => first + index));
}

interface Run {
  readonly started: readonly number[];
  readonly mostRunning: number;
  readonly end: BatchProgress;
}

/** Runs a batch to its end; `choices` say which running line ends next, how, and whether its end is told twice. */
function runBatch(all: readonly LineRange[], window: number, choices: readonly number[]): Run {
  const started: number[] = [];
  let [progress, mostRunning] = [NO_PROGRESS, 0];
  // Each step ends a line: a batch that takes more of them does not end at all.
  for (let step = 0; step <= countLines(all); step += 1) {
    for (let line = nextLine(progress, { ranges: all, window }); line !== undefined && started.length <= countLines(all);) {
      started.push(line);
      progress = lineStarted(progress, line);
      mostRunning = Math.max(mostRunning, progress.running.length);
      line = nextLine(progress, { ranges: all, window });
    }
    const choice = choices[step % choices.length] ?? 0;
    const ending = progress.running[choice % Math.max(1, progress.running.length)];
    if (ending === undefined) return { started, mostRunning, end: progress };
    const state = STATES[choice % STATES.length] ?? 'failed';
    progress = lineEnded(progress, ending, state);
    if (choice % 2 === 0) progress = lineEnded(progress, ending, 'failed');
  }
  return { started, mostRunning, end: progress };
}

const choices = fc.array(fc.nat({ max: 1_000 }), { minLength: 1, maxLength: 30 });
const window = fc.integer({ min: 1, max: 8 });

describe('a batch, whichever of its lines end first,', () => {
  test('starts every line once, in the order of the file, and ends', () => {
    fc.assert(
      fc.property(ranges, window, choices, (all, size, ends) => {
        const { started, end } = runBatch(all, size, ends);

        expect(started).toEqual(linesOf(all));
        expect(end).toMatchObject({ started: countLines(all), running: [] });
      }),
    );
  });

  test('runs never more lines than its window, and as many when it has them', () => {
    fc.assert(
      fc.property(ranges, window, choices, (all, size, ends) => {
        expect(runBatch(all, size, ends).mostRunning).toBe(Math.min(size, countLines(all)));
      }),
    );
  });

  test('counts every line as ended once, though its end is told twice', () => {
    fc.assert(
      fc.property(ranges, window, choices, (all, size, ends) => {
        const { completed, failed, cancelled } = runBatch(all, size, ends).end;

        expect(completed + failed + cancelled).toBe(countLines(all));
      }),
    );
  });
});

describe('the next line', () => {
  const progress: BatchProgress = { ...NO_PROGRESS, started: 2, running: [4, 7] };
  const two = [
    { first: 4, last: 4 },
    { first: 7, last: 8 },
  ];

  test('is the first not started while the window has room', () => {
    expect(nextLine(progress, { ranges: two, window: 3 })).toBe(8);
  });

  test('waits while the window is full', () => {
    expect(nextLine(progress, { ranges: two, window: 2 })).toBeUndefined();
  });

  test('waits while the window, made smaller in a new run, is more than full', () => {
    expect(nextLine(progress, { ranges: two, window: 1 })).toBeUndefined();
  });

  test('does not exist when all are started', () => {
    expect(nextLine({ ...progress, started: 3 }, { ranges: two, window: 9 })).toBeUndefined();
  });
});

describe('the end of a line', () => {
  test.each(STATES)('counts as %s', (state) => {
    const progress = lineEnded(lineStarted(NO_PROGRESS, 5), 5, state);

    expect(progress).toEqual({ ...NO_PROGRESS, started: 1, [state]: 1 });
  });

  test('that does not run changes nothing', () => {
    const progress = lineStarted(NO_PROGRESS, 5);

    expect(lineEnded(progress, 6, 'failed')).toBe(progress);
  });
});

test('the lines of all ranges are numbered from 0 to their count', () => {
  fc.assert(
    fc.property(ranges, (all) => {
      const lines = Array.from({ length: countLines(all) }, (_, index) => lineAt(all, index));

      expect(lines).toEqual(linesOf(all));
      expect(lineAt(all, lines.length)).toBeUndefined();
    }),
  );
});
