/** What a tenant of the file may say, and what of it is a mistake. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../workers/config.ts';
import type { TenantPolicy } from '../../workflows/domain/tenant-policy.ts';
import { defaultPolicy } from '../../workflows/domain/tenant-policy.ts';

const folder = mkdtempSync(join(tmpdir(), 'anyport-tenant-'));
const file = join(folder, 'anyport.yaml');

/** The tenant is the fifth line of its file. */
function load(keys: string) {
  writeFileSync(
    file,
    `endpoints:\n  a: { cloud: openai, deployments: { my-model: x } }\n# who asks\ntenants:\n  acme: { ${keys} }\n`,
  );
  return loadConfig({ file, environment: {}, workingDirectory: folder });
}

describe('a tenant’s policy', () => {
  test.each<readonly [string, string, Partial<TenantPolicy>]>([
    ['is the default one where nothing is said', '', {}],
    ['has no order by a standard cloud alone', 'standardCloud: azure', { standardCloud: 'azure', cloudOrder: [] }],
    [
      'has its standard cloud before the others of the order',
      'standardCloud: azure, order: [openai, azure]',
      { standardCloud: 'azure', cloudOrder: ['azure', 'openai'] },
    ],
    ['has an order alone', 'order: [aws, openai]', { cloudOrder: ['aws', 'openai'] }],
    [
      'is strict',
      'standardCloud: aws, strictStandard: true, failover: none',
      { standardCloud: 'aws', strictStandard: true, failover: 'none' },
    ],
    [
      'is strict in a part of its cloud',
      'standardCloud: aws, strictStandard: true, deny: ["aws/us-gov/*"]',
      { standardCloud: 'aws', strictStandard: true, deny: ['aws/us-gov/*'] },
    ],
    [
      'denies clouds, resellers and patterns',
      'deny: [google, oracle, "azure/us-gov/*", "openai/commercial/api/global/my-model"], allowResellers: true, partitions: [commercial]',
      {
        deny: ['google', 'oracle', 'azure/us-gov/*', 'openai/commercial/api/global/my-model'],
        allowResellers: true,
        partitions: ['commercial'],
      },
    ],
    [
      'has one residency for processing and storage',
      'residency: [eu, ch]',
      { residency: { processing: ['eu', 'ch'], storage: ['eu', 'ch'], maxScope: 'global' } },
    ],
    [
      'has a residency for each',
      'residency: { processing: [us], maxScope: geo }',
      { residency: { processing: ['us'], storage: '*', maxScope: 'geo' } },
    ],
    [
      'asks for proof and privacy',
      'compliance: [soc2, hipaa-baa], zeroRetention: true, maxFlaggedDays: 30, minEvidence: vendor-doc, onUnknown: allow-with-warning',
      {
        compliance: ['soc2', 'hipaa-baa'],
        zeroRetention: true,
        maxFlaggedDays: 30,
        minEvidence: 'vendor-doc',
        onUnknown: 'allow-with-warning',
      },
    ],
    [
      'asks for a stage of some products, and for fresh facts of some kinds',
      'minStage: { model: ga, codex-cloud: public-preview }, maxFactAgeDays: { price: 7 }',
      {
        minStage: { ...defaultPolicy('acme').minStage, model: 'ga', 'codex-cloud': 'public-preview' },
        maxFactAgeDays: { ...defaultPolicy('acme').maxFactAgeDays, price: 7 },
      },
    ],
    [
      'has what it was granted, since ever when no day is said',
      'entitlements: [{ offering: "google/*" }, { offering: "openai/*/my-model", from: 2026-10-01, to: 2027-01-01, tokensPerMinute: 9, zeroRetention: true }]',
      {
        entitlements: [
          { offering: 'google/*', from: '0001-01-01', to: null },
          { offering: 'openai/*/my-model', from: '2026-10-01', to: '2027-01-01', tokensPerMinute: 9, zeroRetention: true },
        ],
      },
    ],
    [
      'has money promised, also what is past',
      'commitments: [{ cloud: azure, remainingUsd: 2.5, expires: 2020-01-01 }]',
      { commitments: [{ cloud: 'azure', remainingUsdMicros: 2_500_000, expires: '2020-01-01' }] },
    ],
    [
      'lets models stand in, and caps the price',
      'substitution: { my-model: [gpt-6.1-sol] }, priceCap: { outputUsdPerMillion: 12 }',
      { substitution: { 'my-model': ['gpt-6.1-sol'] }, priceCap: { outputUsdMicrosPerMillion: 12_000_000 } },
    ],
  ])('%s', (_case, keys, expected) => {
    expect(load(keys).tenants[0]?.policy).toEqual({ ...defaultPolicy('acme'), ...expected });
  });
});

describe('a mistake of a tenant is told at its key, and what to do', () => {
  test.each([
    [
      'a standard cloud that is denied',
      'standardCloud: aws, deny: [aws]',
      ':5:11: tenant acme: standardCloud is aws, which deny names too: remove it from one of them',
    ],
    [
      'a strict standard that is none',
      'strictStandard: true',
      ':5:11: tenant acme: strictStandard needs a standardCloud: add "standardCloud: CLOUD"',
    ],
    [
      'a strict standard that a pattern denies',
      'standardCloud: aws, strictStandard: true, deny: ["aws/*"]',
      ':5:31: tenant acme: strictStandard leaves aws alone, all of which deny covers: nobody could serve, correct one of them',
    ],
    [
      'a strict standard that patterns deny together',
      'standardCloud: aws, strictStandard: true, deny: ["aws/commercial/*", "*/us-gov/*"]',
      ':5:31: tenant acme: strictStandard leaves aws alone',
    ],
    [
      'a cloud that is none',
      'deny: [aws, gogle]',
      ':5:23: tenant acme: "gogle" is no cloud, reseller, or pattern of offering ids with a "/": use one (nearest: google',
    ],
    [
      'a pattern without its end',
      'deny: [azure/commercial/foundry]',
      ':5:18: tenant acme: "azure/commercial/foundry" matches no offering, place or deployment: write "azure/commercial/foundry/*"',
    ],
    [
      'a pattern of nothing',
      'deny: ["azur/*"]',
      ':5:18: tenant acme: "azur/*" matches no offering, place or deployment: correct it (nearest: ',
    ],
    [
      'a grant of nothing',
      'entitlements: [{ offering: openai/commercial/api/global/my-modl }]',
      ':5:28: tenant acme: "openai/commercial/api/global/my-modl" matches no offering, place or deployment: correct it ' +
        '(nearest: openai/commercial/api/global/my-model',
    ],
    [
      'a grant that ends before it begins',
      'entitlements: [{ offering: "openai/*", from: 2026-02-01, to: 2026-01-01 }]',
      ':5:68: tenant acme: to is 2026-01-01, and from is 2026-02-01: it must begin before it ends',
    ],
    [
      'a day that no calendar has',
      'entitlements: [{ offering: "openai/*", to: 2026-02-30 }]',
      ':5:50: tenants.acme.entitlements.0.to must be a day such as 2026-11-17',
    ],
    [
      'a geography that nobody knows',
      'residency: [us, ue]',
      ':5:27: tenant acme: there is no geography "ue": use us, eu, apac, or a country’s code such as de (nearest: ',
    ],
    ['anywhere', 'residency: { storage: ["*"] }', ':5:34: tenant acme: "*" allows every geography: remove the key instead'],
    ['a residency of nowhere', 'residency: []', ':5:11: tenants.acme.residency must name at least one geography'],
    [
      'a residency of an unknown kind',
      'residency: { procesing: [eu] }',
      ':5:24: unknown key "procesing": remove it or correct its name',
    ],
    [
      'a stand-in that nobody has',
      'substitution: { my-model: [gpt-6.1-sl] }',
      ':5:38: tenant acme: neither the catalog nor a deployment has the model "gpt-6.1-sl": correct its name (nearest: gpt-6.1-sol',
    ],
    [
      'a model that nobody has',
      'substitution: { my-modl: [my-model] }',
      ':5:27: tenant acme: neither the catalog nor a deployment',
    ],
    ['a model that stands in for itself', 'substitution: { my-model: [my-model] }', 'my-model cannot stand in for itself'],
    ['a stage of no use', 'minStage: { model: retired }', ':5:23: tenants.acme.minStage.model must be private-preview, limited'],
    ['a product that is none', 'minStage: { modell: ga }', 'unknown key "modell": remove it or correct its name'],
    ['a price of another unit', 'priceCap: { inputUsdPerMillion: 2000000 }', 'priceCap.inputUsdPerMillion must be at most 1000'],
  ])('%s', (_case, keys, message) => {
    expect(() => load(keys)).toThrow(`${file}:5:`);
    expect(() => load(keys)).toThrow(message);
  });
});
