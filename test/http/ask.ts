/** Requests as a program in any language makes them: every header as it is given, and nothing besides. */
import { request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: unknown;
}

export interface Asked {
  /** Sent as JSON; a text as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `POST http://127.0.0.1:7280/path`. */
export async function ask(line: string, { body, headers = {} }: Asked = {}): Promise<Reply> {
  const [method = 'GET', url = ''] = line.split(' ');
  const json = body === undefined ? {} : { 'content-type': 'application/json' };
  const sent = request(url, { method, agent: false, headers: { ...json, ...headers } });
  sent.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
  return new Promise((resolve, reject) => {
    sent.once('error', reject);
    sent.once('response', (response) => {
      text(response).then(
        (said) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: parse(said) }),
        reject,
      );
    });
  });
}

/** Writes bytes to the door and reads until it hangs up. */
export async function sendRaw(address: string, bytes: string): Promise<string> {
  const { hostname, port } = new URL(address);
  const socket = connect(Number(port), hostname);
  socket.write(bytes);
  return text(socket);
}

function parse(said: string): unknown {
  return said === '' ? undefined : JSON.parse(said);
}
