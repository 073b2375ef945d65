import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { connect } from 'node:tls';

/** What Node's own TLS says first. */
export async function aClientHello(serverName?: string): Promise<Buffer> {
  const sent: Buffer[] = [];
  const wire = new Duplex({
    read: () => undefined,
    write: (chunk: Buffer, _encoding, done) => {
      sent.push(chunk);
      done();
      wire.emit('said');
    },
  });
  const socket = connect({ socket: wire, ...(serverName === undefined ? {} : { servername: serverName }) });
  socket.on('error', () => undefined);
  if (sent.length === 0) await once(wire, 'said');
  socket.destroy();
  return Buffer.concat(sent);
}

/** The same handshake in records of `sizes`, the last one taking the rest. */
export function inRecords(hello: Buffer, sizes: readonly number[]): Buffer {
  const header = hello.subarray(0, 3);
  let rest = hello.subarray(5);
  const parts: Buffer[] = [];
  for (const size of [...sizes, rest.length]) {
    const part = rest.subarray(0, size);
    rest = rest.subarray(part.length);
    const length = Buffer.alloc(2);
    length.writeUInt16BE(part.length);
    if (part.length > 0) parts.push(header, length, part);
  }
  return Buffer.concat(parts);
}

/** With one more extension, at the end. */
export function withExtension(hello: Buffer, type: number, content: Buffer): Buffer {
  const extension = Buffer.alloc(4 + content.length);
  extension.writeUInt16BE(type, 0);
  extension.writeUInt16BE(content.length, 2);
  content.copy(extension, 4);
  const longer = Buffer.concat([hello, extension]);
  longer.writeUInt16BE(longer.length - 5, 3);
  longer.writeUIntBE(longer.length - 9, 6, 3);
  const at = extensionsAt(longer);
  longer.writeUInt16BE(longer.readUInt16BE(at) + extension.length, at);
  return longer;
}

function extensionsAt(hello: Buffer): number {
  let at = 5 + 4 + 34;
  at += 1 + hello.readUInt8(at);
  at += 2 + hello.readUInt16BE(at);
  return at + 1 + hello.readUInt8(at);
}
