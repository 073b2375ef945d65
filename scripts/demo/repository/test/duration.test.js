import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatDuration, parseDuration } from '../src/duration.js';

test('reads one unit', () => {
  assert.equal(parseDuration('45s'), 45_000);
});

test('adds the units up', () => {
  assert.equal(parseDuration('1h30m'), 5_400_000);
});

test('refuses a unit it does not know', () => {
  assert.throws(() => parseDuration('3y'), /unknown unit "y"/);
});

test('writes what it reads', () => {
  assert.equal(formatDuration(parseDuration('2h5m10s')), '2h5m10s');
});
