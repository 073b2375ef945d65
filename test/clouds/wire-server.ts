/** A bare HTTP server whose answers a test writes byte by byte, for what no emulated cloud would say. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface WireRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

type Answer = (response: ServerResponse, request: WireRequest) => void;

export interface WireServer {
  readonly url: string;
  readonly requests: readonly WireRequest[];
  /** Answers in order; the last one stays. */
  answer(...answers: readonly Answer[]): void;
  close(): Promise<void>;
}

export async function startWireServer(): Promise<WireServer> {
  const requests: WireRequest[] = [];
  let answers: Answer[] = [];
  const server = createServer((incoming, response) => {
    void text(incoming).then((body) => {
      const { method = '', url = '', headers } = incoming;
      const request = { method, url, headers, body };
      requests.push(request);
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      answer?.(response, request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // a TCP server has an address of this form
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    answer: (...next) => {
      requests.length = 0;
      answers = [...next];
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function sendEvents(response: ServerResponse, events: readonly object[]): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'x-request-id': 'req_1' });
  for (const event of events) response.write(`data: ${JSON.stringify(event)}\n\n`);
}

export function sendJson(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

export const CREATED = {
  type: 'response.created',
  sequence_number: 0,
  response: { id: 'resp_1', status: 'in_progress' },
};
export const DELTA = { type: 'response.output_text.delta', sequence_number: 1, delta: 'hel' };

export function completed(output: readonly object[], overrides: object = {}) {
  const usage = {
    input_tokens: 100,
    input_tokens_details: { cached_tokens: 64 },
    output_tokens: 20,
    output_tokens_details: { reasoning_tokens: 12 },
  };
  return {
    type: 'response.completed',
    sequence_number: 2,
    response: { id: 'resp_1', status: 'completed', output, usage, ...overrides },
  };
}

export function message(text: string) {
  return {
    type: 'message',
    id: 'msg_1',
    role: 'assistant',
    content: [{ type: 'output_text', text, annotations: [] }],
  };
}
