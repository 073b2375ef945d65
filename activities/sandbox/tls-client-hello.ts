/**
 * The first thing that a TLS client says, read as far as a proxy has to know it: the name of the server that it wants. Nothing is
 * decrypted. RFC 8446 (records 5.1, ClientHello 4.1.2), RFC 6066 (server_name 3).
 */

export type HelloReading =
  /** Not all of it has come. */
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'not-tls' }
  | { readonly kind: 'malformed' }
  /** `serverName` is as it was sent; `isEncrypted`: it hides another name (Encrypted Client Hello). */
  | { readonly kind: 'hello'; readonly serverName?: string; readonly isEncrypted: boolean };

const HANDSHAKE_RECORD = 22;
const MAJOR_VERSION = 3;
const RECORD_HEADER_BYTES = 5;
/** 2^14; a ClientHello is never encrypted. */
const MAX_RECORD_BYTES = 16_384;
const CLIENT_HELLO = 1;
const HANDSHAKE_HEADER_BYTES = 4;
/** With keys of post-quantum exchanges it has some 2 KB; nobody needs more than this. */
const MAX_HELLO_BYTES = 32_768;
/** Clients that split it, against filters that read the first record alone, make two or three. */
const MOST_RECORDS = 16;
const SERVER_NAME = 0;
const HOST_NAME = 0;
const ENCRYPTED_CLIENT_HELLO = 0xfe_0d;
/** Its version (2) and random (32). */
const FIXED_BYTES = 34;

/** `bytes` are all that the client has sent so far. */
export function readClientHello(bytes: Buffer): HelloReading {
  const message = joinRecords(bytes);
  if (!Buffer.isBuffer(message)) return message;
  try {
    return readMessage(message);
  } catch (error) {
    if (error instanceof RangeError) return { kind: 'malformed' };
    throw error;
  }
}

/** The handshake message, which may be spread over records; what follows it is for the server. */
function joinRecords(bytes: Buffer): Buffer | HelloReading {
  let [joined, offset] = [bytes.subarray(0, 0), 0];
  for (let records = 0; records <= MOST_RECORDS; records += 1) {
    if ((joined[0] ?? CLIENT_HELLO) !== CLIENT_HELLO) return { kind: 'malformed' };
    const wanted = HANDSHAKE_HEADER_BYTES + (joined.length < HANDSHAKE_HEADER_BYTES ? 0 : joined.readUIntBE(1, 3));
    if (wanted > MAX_HELLO_BYTES) return { kind: 'malformed' };
    if (joined.length >= wanted && joined.length >= HANDSHAKE_HEADER_BYTES)
      return joined.subarray(HANDSHAKE_HEADER_BYTES, wanted);
    const record = readRecord(bytes, offset);
    if (record.kind !== 'record') return record;
    joined = Buffer.concat([joined, record.content]);
    offset = record.next;
  }
  return { kind: 'malformed' };
}

/** As far as it has come. */
function readRecord(
  bytes: Buffer,
  offset: number,
): HelloReading | { readonly kind: 'record'; readonly content: Buffer; readonly next: number } {
  const [type = HANDSHAKE_RECORD, major = MAJOR_VERSION] = bytes.subarray(offset, offset + 2);
  if (type !== HANDSHAKE_RECORD || major !== MAJOR_VERSION) return { kind: offset === 0 ? 'not-tls' : 'malformed' };
  const start = offset + RECORD_HEADER_BYTES;
  if (bytes.length <= start) return { kind: 'incomplete' };
  const length = bytes.readUInt16BE(offset + 3);
  if (length === 0 || length > MAX_RECORD_BYTES) return { kind: 'malformed' };
  return { kind: 'record', content: bytes.subarray(start, start + length), next: start + length };
}

/** @throws RangeError when a length leads out of it */
function readMessage(message: Buffer): HelloReading {
  const reader = new Reader(message);
  reader.take(FIXED_BYTES);
  reader.takeVector(1); // session id
  reader.takeVector(2); // cipher suites
  reader.takeVector(1); // compression methods
  // Before TLS 1.2 there may be no extensions at all.
  if (reader.isAtEnd) return { kind: 'hello', isEncrypted: false };
  const extensions = new Reader(reader.takeVector(2));
  if (!reader.isAtEnd) return { kind: 'malformed' };
  const seen = new Map<number, Buffer>();
  while (!extensions.isAtEnd) {
    const type = extensions.takeNumber(2);
    // Of two names, client and server might go by different ones.
    if (seen.has(type)) return { kind: 'malformed' };
    seen.set(type, extensions.takeVector(2));
  }
  const isEncrypted = seen.has(ENCRYPTED_CLIENT_HELLO);
  const names = seen.get(SERVER_NAME);
  if (names === undefined) return { kind: 'hello', isEncrypted };
  const serverName = readServerName(names);
  return serverName === undefined ? { kind: 'malformed' } : { kind: 'hello', serverName, isEncrypted };
}

/** `undefined`: not exactly one name of a host. */
function readServerName(extension: Buffer): string | undefined {
  const outer = new Reader(extension);
  const list = new Reader(outer.takeVector(2));
  const type = list.takeNumber(1);
  const name = list.takeVector(2);
  return outer.isAtEnd && list.isAtEnd && type === HOST_NAME && /^[!-~]+$/.test(name.toString('latin1'))
    ? name.toString('latin1')
    : undefined;
}

class Reader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }

  take(length: number): Buffer {
    const end = this.#offset + length;
    if (end > this.#bytes.length) throw new RangeError('a length leads out of the message');
    const taken = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    return taken;
  }

  takeNumber(bytes: 1 | 2): number {
    return this.take(bytes).readUIntBE(0, bytes);
  }

  /** With its length in front, in so many bytes. */
  takeVector(lengthBytes: 1 | 2): Buffer {
    return this.take(this.takeNumber(lengthBytes));
  }
}
