import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { classifyAddress } from '../../activities/sandbox/egress-addresses.ts';
import { readEntry } from '../../activities/sandbox/egress-entry.ts';
import { readHost, readTarget } from '../../activities/sandbox/egress-host.ts';
import type { EgressRule } from '../../activities/sandbox/egress-rules.ts';
import { coversRule, describeRule, judgeTarget } from '../../activities/sandbox/egress-rules.ts';

function problemOf(entry: Parameters<typeof readEntry>[0]): string {
  const read = readEntry(entry);
  return read.kind === 'mistake' ? read.problem : '';
}

function rulesOf(...entries: readonly Parameters<typeof readEntry>[0][]): readonly EgressRule[] {
  return entries.flatMap((entry) => {
    const read = readEntry(entry);
    return read.kind === 'rule' ? [read.rule] : [];
  });
}

describe('an entry of the allow-list', () => {
  test.each([
    ['registry.npmjs.org', { host: 'registry.npmjs.org', ports: [443] }],
    ['Registry.NPMJS.org.', { host: 'registry.npmjs.org', ports: [443] }],
    ['deb.debian.org:80', { host: 'deb.debian.org', ports: [80] }],
    ['*.pypi.org:8443', { host: '*.pypi.org', ports: [8443] }],
    ['bücher.example', { host: 'xn--bcher-kva.example', ports: [443] }],
    [
      { host: 'a.example', ports: [443, 80, 443] },
      { host: 'a.example', ports: [443, 80] },
    ],
    [
      { host: 'git', privateAddresses: true },
      { host: 'git', ports: [443], privateAddresses: true },
    ],
    [
      { host: '*.internal', privateAddresses: true },
      { host: '*.internal', ports: [443], privateAddresses: true },
    ],
    [
      { host: 'a.example', privateAddresses: false },
      { host: 'a.example', ports: [443] },
    ],
  ] as const)('%j is read', (entry, rule) => {
    expect(readEntry(entry)).toEqual({ kind: 'rule', rule });
  });

  test.each([
    ['https://registry.npmjs.org/', '"https://registry.npmjs.org/" is a URL: write the host alone, registry.npmjs.org'],
    ['http://a.example', 'is a URL: write the host alone, a.example:80'],
    ['a.example/path', 'has a path: hosts are allowed as a whole, write a.example'],
    ['user:hush@a.example', 'an entry has a user name in it ("@"): write the host alone'],
    ['10.0.0.1', '"10.0.0.1" is an address: write the name of the host'],
    ['127.1', 'is an address'],
    ['0x7f000001', 'is an address'],
    ['2130706433:80', 'is an address'],
    ['[::1]', 'is an address'],
    ['::1', 'is an address'],
    ['fe80::1%eth0', 'is an address'],
    ['*', '"*" would allow every host: name those that tasks need'],
    ['*:443', 'would allow every host'],
    ['*.*', 'would allow every host'],
    ['*.com', 'everyone gets one under com'],
    ['*.co.uk', 'everyone gets one under co.uk'],
    ['*.github.io', 'everyone gets one under github.io'],
    ['*.s3.eu-central-1.amazonaws.com', 'everyone gets one under s3.eu-central-1.amazonaws.com'],
    ['a.*.example', 'has a * in the middle of a name'],
    ['*a.example', 'has a * in the middle of a name'],
    ['a.example:0', 'has the port 0: a port is a whole number from 1 to 65535'],
    ['a.example:70000', 'has the port 70000'],
    [{ host: 'a.example', ports: [] }, 'has no port'],
    [{ host: 'a.example:80', ports: [443] }, 'write it under ports, as in { host: a.example, ports: [80] }'],
    ['git', 'is no full name: for a host of your own network write { host: git, privateAddresses: true }'],
    ['a..example', 'is no name of a host'],
    ['-a.example', 'is no name of a host'],
    ['', 'is no name of a host'],
    ['a b.example', 'is no name of a host'],
    ['a%2eexample', 'is no name of a host'],
  ])('%j is refused in words', (entry, words) => {
    expect(problemOf(entry)).toContain(words);
  });

  test('does not quote a password', () => {
    expect(problemOf('user:hush@a.example')).not.toContain('hush');
  });

  test('is what its description says', () => {
    for (const rule of rulesOf('a.example', '*.b.example:8443')) {
      expect(readEntry(describeRule(rule))).toEqual({ kind: 'rule', rule });
    }
  });
});

describe('a target', () => {
  const rules = rulesOf('a.example', '*.b.example:8443', { host: 'git', ports: [22, 443], privateAddresses: true });

  test.each([
    ['a.example', 443, true],
    ['x.a.example', 443, false],
    ['xa.example', 443, false],
    ['a.example.evil.example', 443, false],
    ['a.example', 80, false],
    ['x.b.example', 8443, true],
    ['x.y.b.example', 8443, true],
    ['b.example', 8443, false],
    ['xb.example', 8443, false],
    ['git', 22, true],
  ])('%s:%i is allowed: %s', (host, port, isAllowed) => {
    expect(judgeTarget([rules], { host, port }).kind).toBe(isAllowed ? 'allowed' : 'refused');
  });

  test('must be in every list, and says so of private addresses only when all do', () => {
    const own = rulesOf({ host: 'git', privateAddresses: true });
    const narrower = rulesOf({ host: 'git', ports: [443], privateAddresses: true }, 'a.example');
    const without: readonly EgressRule[] = [{ host: 'git', ports: [443] }];
    const git = { host: 'git', port: 443 };

    expect(judgeTarget([own, narrower], { host: 'a.example', port: 443 }).kind).toBe('refused');
    expect(judgeTarget([own, narrower], git)).toEqual({ kind: 'allowed', privateAddresses: true });
    expect(judgeTarget([own, without], git)).toEqual({ kind: 'allowed', privateAddresses: false });
  });

  test('is refused where there is no list at all, or an empty one', () => {
    const target = { host: 'a.example', port: 443 };

    expect([judgeTarget([], target).kind, judgeTarget([[]], target).kind]).toEqual(['refused', 'refused']);
  });

  test('is refused with what is allowed, and with the ports of a host that is', () => {
    const other = judgeTarget([rules], { host: 'evil.example', port: 443 });
    const port = judgeTarget([rules], { host: 'git', port: 80 });

    expect(other).toMatchObject({
      reason: expect.stringContaining(
        "evil.example:443 is not in this host's allow-list (allowed: a.example, *.b.example:8443, git:22, git:443)",
      ),
    });
    expect(port).toMatchObject({ reason: expect.stringContaining('that host is allowed at port 22, 443 only') });
  });

  test('that a list covers as a rule, it allows', () => {
    const name = fc.constantFrom('a.example', '*.a.example', 'x.a.example', '*.x.a.example', 'b.example');
    const rule = fc.record({ host: name, ports: fc.subarray([80, 443, 8443], { minLength: 1 }) });
    fc.assert(
      fc.property(fc.array(rule), rule, fc.constantFrom(80, 443, 8443), (list, narrow, port) => {
        fc.pre(coversRule(list, narrow) && narrow.ports.includes(port));
        const host = narrow.host.replace('*', 'deep.er');
        expect(judgeTarget([list], { host, port }).kind).toBe('allowed');
      }),
    );
  });

  test('with private addresses is covered by such a rule alone', () => {
    const own = rulesOf({ host: 'git', privateAddresses: true });

    expect(coversRule(own, { host: 'git', ports: [443] })).toBe(true);
    expect(coversRule([{ host: 'git', ports: [443] }], { host: 'git', ports: [443], privateAddresses: true })).toBe(false);
  });
});

describe('a name', () => {
  test.each([
    ['A.Example.', 'a.example'],
    ['bücher.example', 'xn--bcher-kva.example'],
    ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
  ])('%s has one form', (text, name) => {
    expect(readHost(text)).toEqual({ kind: 'name', name });
  });

  test.each(['127.0.0.1', '127.1', '2130706433', '0x7f.1', '017700000001', '[::1]', '::ffff:1.2.3.4', '１２７.0.0.1'])(
    '%s is an address',
    (text) => {
      expect(readHost(text).kind).toBe('address');
    },
  );

  test('read twice is the same, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.domain(), fc.string({ unit: 'grapheme' })), (text) => {
        const read = readHost(text);
        fc.pre(read.kind === 'name');
        expect(readHost(read.name)).toEqual(read);
      }),
    );
  });

  test.each([
    ['a.example:443', { kind: 'target', target: { host: 'a.example', port: 443 } }],
    ['a.example', { kind: 'invalid' }],
    ['a.example:', { kind: 'invalid' }],
    ['a.example:0', { kind: 'invalid' }],
    ['a.example:65536', { kind: 'invalid' }],
    ['a.example:443:443', { kind: 'invalid' }],
    ['user@a.example:443', { kind: 'invalid' }],
    ['127.0.0.1:443', { kind: 'address' }],
    ['[::1]:443', { kind: 'address' }],
    ['a.1:443', { kind: 'invalid' }],
  ])('CONNECT %s', (authority, reading) => {
    expect(readTarget(authority)).toEqual(reading);
  });
});

describe('an address', () => {
  test.each([
    ['93.184.216.34', 'public'],
    ['2606:2800:220:1::1', 'public'],
    ['64:ff9b::5db8:d822', 'public'],
    ['10.1.2.3', 'own'],
    ['172.31.0.1', 'own'],
    ['172.32.0.1', 'public'],
    ['192.168.0.1', 'own'],
    ['127.0.0.1', 'own'],
    ['100.64.0.1', 'own'],
    ['::1', 'own'],
    ['fd12::1', 'own'],
    ['203.0.113.80', 'own'],
    ['2001:db8::1', 'own'],
    ['169.254.169.254', 'never'],
    ['168.63.129.16', 'never'],
    ['100.100.100.200', 'never'],
    ['fd00:ec2::254', 'never'],
    ['fe80::1', 'never'],
    ['fe80::1%eth0', 'never'],
    ['0.0.0.0', 'never'],
    ['224.0.0.1', 'never'],
    ['255.255.255.255', 'never'],
    ['192.88.99.1', 'never'],
    ['::', 'never'],
    ['ff02::1', 'never'],
    ['::ffff:93.184.216.34', 'never'],
    ['::ffff:127.0.0.1', 'never'],
    ['64:ff9b::7f00:1', 'never'],
    ['64:ff9b::a9fe:a9fe', 'never'],
    ['2002:7f00:1::', 'never'],
    ['2001:0:4136:e378::1', 'never'],
    ['::7f00:1', 'never'],
    ['nonsense', 'never'],
  ])('%s is %s', (address, kind) => {
    expect(classifyAddress(address)).toBe(kind);
  });
});
