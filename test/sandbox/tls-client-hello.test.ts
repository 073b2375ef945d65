import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { judgeHello } from '../../activities/sandbox/egress-tunnel.ts';
import { readClientHello } from '../../activities/sandbox/tls-client-hello.ts';
import { aClientHello, inRecords, withExtension } from './client-hello.ts';

const hello = await aClientHello('a.example');
const NAMED = { kind: 'hello', serverName: 'a.example', isEncrypted: false };
/** A list of one name of type 0. */
const SERVER_NAME = Buffer.from('\0\x0e\0\0\x0bevil.exampl', 'latin1');

describe('a ClientHello', () => {
  test('names the server', () => {
    expect(readClientHello(hello)).toEqual(NAMED);
  });

  test('may name none', async () => {
    expect(readClientHello(await aClientHello())).toEqual({ kind: 'hello', isEncrypted: false });
  });

  test('is incomplete until its last byte has come', () => {
    for (let length = 0; length < hello.length; length += 1) {
      expect(readClientHello(hello.subarray(0, length))).toEqual({ kind: 'incomplete' });
    }
  });

  test('may be spread over records, and be followed by others', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 10 }), fc.uint8Array(), (sizes, more) => {
        expect(readClientHello(Buffer.concat([inRecords(hello, sizes), more]))).toEqual(NAMED);
      }),
    );
  });

  test('in very many records is refused', () => {
    expect(
      readClientHello(
        inRecords(
          hello,
          Array.from({ length: 100 }, () => 1),
        ),
      ),
    ).toEqual({ kind: 'malformed' });
  });

  test('with two names is refused', () => {
    expect(readClientHello(withExtension(hello, 0, SERVER_NAME))).toEqual({ kind: 'malformed' });
  });

  test('says that it hides another name', () => {
    expect(readClientHello(withExtension(hello, 0xfe0d, Buffer.alloc(8)))).toEqual({ ...NAMED, isEncrypted: true });
  });

  test.each([
    ['a request of HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'not-tls'],
    ['a hello of SSL 2', Buffer.from([0x80, 0x2e, 0x01, 0x03, 0x01]), 'not-tls'],
    ['an alert', Buffer.from([21, 3, 3, 0, 2, 2, 40]), 'not-tls'],
    ['another handshake message', Buffer.from([22, 3, 1, 0, 4, 2, 0, 0, 0]), 'malformed'],
    ['an empty record', Buffer.from([22, 3, 1, 0, 0, 1]), 'malformed'],
    ['a message of 16 MB', Buffer.from([22, 3, 1, 0, 4, 1, 255, 255, 255]), 'malformed'],
  ])('is not %s', (_what, bytes, kind) => {
    expect(readClientHello(bytes)).toEqual({ kind });
  });

  test('is read or refused, whatever bytes come', () => {
    fc.assert(
      fc.property(fc.nat(hello.length - 1), fc.integer({ min: 0, max: 255 }), (at, byte) => {
        const changed = Buffer.from(hello);
        changed[at] = byte;
        expect(['hello', 'malformed', 'not-tls', 'incomplete']).toContain(readClientHello(changed).kind);
      }),
      { numRuns: 2_000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        const framed = Buffer.concat([Buffer.from([22, 3, 1, bytes.length >> 8, bytes.length & 255]), bytes]);
        expect(readClientHello(framed).kind).not.toBe('not-tls');
      }),
    );
  });
});

describe('a tunnel', () => {
  const target = { host: 'a.example', port: 443 };

  test('to a host is for TLS with it', async () => {
    expect(judgeHello(target, hello)).toEqual({ kind: 'allowed' });
    expect(judgeHello({ ...target, port: 8443 }, await aClientHello('A.Example')).kind).toBe('allowed');
    expect(judgeHello(target, hello.subarray(0, 20)).kind).toBe('incomplete');
  });

  test.each([
    ['names another host', aClientHello('evil.example'), 'its TLS names evil.example'],
    ['names no host', aClientHello(), 'its TLS names no host'],
    ['hides whom it talks to', Promise.resolve(withExtension(hello, 0xfe0d, Buffer.alloc(8))), 'hides whom it talks to'],
    ['cannot be read', Promise.resolve(withExtension(hello, 0, SERVER_NAME)), 'cannot be read'],
  ])('is refused when its TLS %s, at any port', async (_what, sent, words) => {
    for (const port of [443, 8443]) {
      expect(judgeHello({ ...target, port }, await sent)).toMatchObject({
        kind: 'refused',
        reason: expect.stringContaining(words),
      });
    }
  });

  test('at port 443 has TLS in it, at another one it may have something else', () => {
    const ssh = Buffer.from('SSH-2.0-x\r\n');

    expect(judgeHello(target, ssh)).toMatchObject({ kind: 'refused', reason: expect.stringContaining('no TLS') });
    expect(judgeHello({ ...target, port: 22 }, ssh)).toEqual({ kind: 'allowed' });
  });
});
