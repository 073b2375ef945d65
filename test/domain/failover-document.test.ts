import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { FailoverRule } from '../../workflows/domain/failover-rules.ts';
import { ATTEMPTS_PER_ROUND, FAILOVER_RULES } from '../../workflows/domain/failover-rules.ts';

const DOCUMENT = readFileSync(new URL('../../docs/failover.md', import.meta.url), 'utf8');

test('docs/failover.md has every row of the table as it is', () => {
  const written = DOCUMENT.split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()).filter((_cell, index) => index !== 1));
  const rules: readonly (readonly [string, FailoverRule])[] = Object.entries(FAILOVER_RULES);

  expect(written).toEqual(
    rules.map(([name, { retriesInPlace, backoffMs, failOver, budget, health, isFinal }]) => [
      `\`${name}\``,
      String(retriesInPlace),
      backoffMs === 0 ? '-' : `${backoffMs / 1_000} s`,
      failOver,
      budget,
      health,
      isFinal === true ? 'yes' : '-',
    ]),
  );
});

test('docs/failover.md names the limits of a round as they are', () => {
  const { 'cloud-errors': errors, 'rate-limits': limits, interruptions } = ATTEMPTS_PER_ROUND;

  expect(DOCUMENT).toContain(`${errors} cloud errors, ${limits} rate limits, ${interruptions} interruptions`);
});
