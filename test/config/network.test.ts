/** What `network` of the file and of a tenant may say, and what of it is a mistake. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { AnyportConfig } from '../../workers/anyport-config.ts';
import { loadConfig } from '../../workers/config.ts';

const folder = mkdtempSync(join(tmpdir(), 'anyport-network-config-'));
const file = join(folder, 'anyport.yaml');

/** The list stands on the third line, the tenant on the fifth. */
function load(network: string, tenant = ''): AnyportConfig {
  const lines = [
    'endpoints:\n  a: { cloud: openai, deployments: { m: x } }',
    ...(network === '' ? [] : [`network: ${network}`]),
    `tenants:\n  acme: ${tenant}`,
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  return loadConfig({ file, environment: {}, workingDirectory: folder });
}

const rulesOf = (config: AnyportConfig, name: string) => config.tenants.find((tenant) => tenant.name === name)?.network;

describe('the allow-list', () => {
  test('is empty unless the file has one, and a tenant has the same', () => {
    const config = load('');

    expect(config.network).toEqual([]);
    expect(config.tenants[0]).not.toHaveProperty('network');
  });

  test('has hosts in short and with everything', () => {
    const { network } = load(
      "{ allow: [Registry.npmjs.org, '*.pypi.org:443', 'deb.debian.org:80', { host: git, ports: [22, 443], privateAddresses: true }] }",
    );

    expect(network).toEqual([
      { host: 'registry.npmjs.org', ports: [443] },
      { host: '*.pypi.org', ports: [443] },
      { host: 'deb.debian.org', ports: [80] },
      { host: 'git', ports: [22, 443], privateAddresses: true },
    ]);
  });

  test('of a tenant may have less, and nothing', () => {
    const whole = "{ allow: ['*.pypi.org', a.example, { host: git, privateAddresses: true }] }";

    expect(rulesOf(load(whole, '{ network: { allow: [files.pypi.org, a.example] } }'), 'acme')).toEqual([
      { host: 'files.pypi.org', ports: [443] },
      { host: 'a.example', ports: [443] },
    ]);
    expect(rulesOf(load(whole, '{ network: { allow: [] } }'), 'acme')).toEqual([]);
  });

  test.each([
    ['{ allow: [https://a.example/x] }', ':3:20: network.allow: "https://a.example/x" is a URL: write the host alone, a.example'],
    ['{ allow: [10.0.0.1] }', 'network.allow: "10.0.0.1" is an address'],
    ["{ allow: ['*.com'] }", 'network.allow: "*.com" would allow names that anybody can have'],
    ["{ allow: [a.example, '*'] }", ':3:31: network.allow: "*" would allow every host'],
    ['{ allow: [a.example:0] }', 'has the port 0: a port is a whole number from 1 to 65535'],
    ['{ allow: [{ host: a.example, ports: [1.5] }] }', 'has the port 1.5'],
    ['{ allow: [{ host: a.example, port: 443 }] }', 'unknown key "port"'],
    ['{ allow: a.example }', 'network.allow must be a list, as in [a, b], not "a.example"'],
    ['{ deny: [a.example] }', 'unknown key "deny"'],
    ['off', 'network must be a map of keys'],
  ])('%s is a mistake', (network, words) => {
    expect(() => load(network)).toThrow(words);
  });

  test.each([
    [
      'another host',
      '{ network: { allow: [a.example, b.example] } }',
      '"b.example" is not in the network.allow of the whole installation',
    ],
    ['another port', "{ network: { allow: ['a.example:80'] } }", '"a.example:80" is not in'],
    [
      'private addresses',
      '{ network: { allow: [{ host: a.example, privateAddresses: true }] } }',
      '"a.example" with privateAddresses is not in',
    ],
    ['a URL', '{ network: { allow: ["http://a.example"] } }', 'tenant acme: network.allow: "http://a.example" is a URL'],
  ])('of a tenant cannot have %s', (_what, tenant, words) => {
    expect(() => load('{ allow: [a.example] }', tenant)).toThrow(words);
  });
});
