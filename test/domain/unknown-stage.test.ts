import { describe, expect, test } from 'vitest';
import { isHard } from '../../workflows/domain/reason.ts';
import type { LeastStage } from '../../workflows/domain/tenant-policy.ts';
import { defaultPolicy } from '../../workflows/domain/tenant-policy.ts';
import { aPlacedDeployment, codesOf, reasonsFor } from '../support/catalog-builders.ts';

describe('a configured deployment of which no stage is known', () => {
  const placed = aPlacedDeployment();
  const least = (stage: LeastStage) => ({ minStage: { ...defaultPolicy('t').minStage, model: stage } });

  test('may serve with a warning, but not a tenant that asks for a stage', () => {
    expect(codesOf(reasonsFor({ stage: [] }, { placed }).filter(isHard))).toEqual([]);
    expect(reasonsFor({ stage: [] }, { placed, policy: least('ga') })).toMatchObject([
      { code: 'NOT_OFFERED', severity: 'soft' },
      { code: 'STAGE_TOO_LOW', severity: 'hard', expected: 'at least ga', actual: 'not known' },
    ]);
  });

  test('may serve such a tenant with a warning where its policy lets the unknown', () => {
    const policy = { ...least('ga'), onUnknown: 'allow-with-warning' } as const;

    expect(reasonsFor({ stage: [] }, { placed, policy }).filter(isHard)).toEqual([]);
  });

  test('is to be said where it is, when its surface is not known there', () => {
    expect(reasonsFor({ stage: [], place: { ...placed.place, name: 'unknown' } }, { placed })).toEqual([
      expect.objectContaining({ remedy: 'taken from the configuration; add what you know of it under catalog' }),
    ]);
  });
});
