import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { FAILURE_CLASSES } from '../../workflows/domain/failure-class.ts';
import { MODEL_FAILURE_KINDS } from '../../workflows/domain/model-failure.ts';

const ROWS = readFileSync(new URL('../../docs/operating.md', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split('|').map((cell) => cell.trim()));

test('the runbook has a row for every class of failure', () => {
  const classes = ROWS.map((cells) => cells[2] ?? '');

  expect(classes.filter((cell) => FAILURE_CLASSES.some((name) => cell === `\`${name}\``))).toHaveLength(FAILURE_CLASSES.length);
});

test('the runbook has a row for every kind that the story shows', () => {
  const shown = ROWS.map((cells) => cells[1] ?? '').join(' ');

  expect(MODEL_FAILURE_KINDS.filter((kind) => !shown.includes(`\`${kind}`))).toEqual([]);
});
