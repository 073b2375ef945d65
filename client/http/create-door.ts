/**
 * The HTTP door: what `TaskClient` does, for programs in any language. It holds nothing: every answer is the task's own, so that any number of
 * doors may stand before one Temporal.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fastify from 'fastify';
import type { Socket } from 'node:net';
import type { TaskClient } from '../task-client.ts';
import { addApprovalRoutes } from './approval-routes.ts';
import type { GuardOptions } from './guard-requests.ts';
import { createGuard } from './guard-requests.ts';
import type { HttpProblem } from './http-problem.ts';
import { toHttpProblem } from './http-problem.ts';
import type { TaskPath } from './task-path.ts';
import { taskOf } from './task-path.ts';

export const DOOR_PREFIX = '/anyport/v1';

/** An answer to an approval is a few hundred bytes. */
const BODY_LIMIT_BYTES = 64 * 1024;
/** Of a request to come in whole; who takes longer holds a connection for nothing. */
const REQUEST_TIMEOUT_MS = 15_000;
/** Ids of calls are made by models, and escaped in a path. */
const LONGEST_PARAMETER = 1_024;

/** What the door asks of Temporal. */
export type DoorClient = Pick<TaskClient, 'status' | 'approve' | 'deny' | 'setApprovals' | 'assertReachable'>;

export interface DoorOptions extends GuardOptions {
  readonly client: DoorClient;
  /** For faults of our own, without a word of what was asked or answered. */
  readonly say: (line: string) => void;
}

/** Ready to listen; `close` lets requests in flight come to their end. */
export function createDoor({ client, say, ...guarded }: DoorOptions): FastifyInstance {
  const app = fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    // While it closes, what came is still answered.
    return503OnClosing: false,
    routerOptions: { maxParamLength: LONGEST_PARAMETER },
    // Judged by the guard, which has words for it.
    http: { requireHostHeader: false },
    frameworkErrors: (error, _request, reply) => void tellProblem(reply, toHttpProblem(error) ?? FAULT),
    clientErrorHandler: tellUnreadable,
  });
  // Forms of web pages can send text, and no JSON without asking first, which nobody here answers.
  app.removeContentTypeParser('text/plain');
  const guard = createGuard(guarded);
  app.addHook('onRequest', async (request, reply) => {
    reply.headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
    guard(request);
  });
  app.setErrorHandler((error, request, reply) => tellError(error, { request, reply, say }));
  app.setNotFoundHandler((request, reply) => tellProblem(reply, noSuchRoute(request)));
  app.register(
    async (routes) => {
      routes.get('/healthz', { config: { isOpen: true } }, async () => {
        await client.assertReachable();
        return { status: 'ok' };
      });
      routes.get<TaskPath>('/tasks/:taskId', ({ params }) => client.status(taskOf(params)));
      addApprovalRoutes(routes, client);
    },
    { prefix: DOOR_PREFIX },
  );
  return app;
}

const FAULT: HttpProblem = { status: 500, code: 'internal', message: 'the door broke: its log says where' };

function noSuchRoute({ method }: FastifyRequest): HttpProblem {
  return { status: 404, code: 'no-route', message: `there is no such route for ${method}: docs/http.md lists what there is` };
}

interface Asked {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly say: DoorOptions['say'];
}

function tellError(error: unknown, { request, reply, say }: Asked): FastifyReply {
  const problem = toHttpProblem(error);
  if (problem === undefined) say(`${request.method} ${request.routeOptions.url ?? '?'} broke: ${placeOf(error)}`);
  return tellProblem(reply, problem ?? FAULT);
}

function tellProblem(reply: FastifyReply, { status, code, message, headers = {} }: HttpProblem): FastifyReply {
  return reply.code(status).headers(headers).send({ error: { code, message } });
}

/** The kind of an error and where it was made; its message may quote what was asked. */
function placeOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const frames = (error.stack ?? '').split('\n').filter((line) => /^ {4}at /.test(line));
  return [error.name, ...frames].join('\n');
}

/** What is no HTTP, or more of it than anybody needs, has no request to be answered. */
function tellUnreadable(_error: Error, socket: Socket): void {
  if (!socket.writable) return;
  const body = JSON.stringify({ error: { code: 'no-http', message: 'what came is no HTTP request that can be read' } });
  const head = [
    'HTTP/1.1 400 Bad Request',
    'content-type: application/json',
    `content-length: ${body.length}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
