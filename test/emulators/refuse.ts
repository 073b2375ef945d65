/** Sends a refusal as the endpoint's cloud does. */
import type { FastifyReply } from 'fastify';
import type { EmulatedEndpoint } from './emulated-endpoints.ts';
import type { FaultOf } from './fault-plan.ts';
import type { LedgerEntry } from './ledger.ts';
import { settle } from './ledger.ts';
import type { Refusal, WireRefusal } from './refusals.ts';
import { toWire, usualReason } from './refusals.ts';

interface Refused {
  readonly endpoint: EmulatedEndpoint;
  readonly reply: FastifyReply;
  readonly entry: LedgerEntry;
}
type RetryAfter = NonNullable<FaultOf<'status'>['retryAfter']>;

export function refuse(call: Refused, refusal: Refusal, retryAfter?: RetryAfter): FastifyReply {
  return send(call, hinted(toWire(call.endpoint.cloud, refusal), retryAfter));
}

/** With the exception that AWS has for it, where there is one. */
export function refuseAs(call: Refused, refusal: Refusal, exception?: { status: number; name: string }): FastifyReply {
  const wire = toWire(call.endpoint.cloud, refusal);
  if (exception === undefined) return send(call, wire);
  return send(call, { ...wire, status: exception.status, headers: { 'x-amzn-errortype': exception.name } });
}

/** What a fault of the kind `status` answers. */
export function toRefusal(call: Refused, fault: FaultOf<'status'>): FastifyReply {
  const usual = toWire(call.endpoint.cloud, { reason: fault.reason ?? usualReason(fault.status ?? 500) });
  const wire = hinted({ ...usual, status: fault.status ?? usual.status }, fault.retryAfter);
  call.reply.headers(wire.headers ?? {}).headers(fault.headers ?? {});
  return send(call, { status: wire.status, body: fault.body === undefined ? wire.body : toBody(fault.body) });
}

function toBody(body: unknown): WireRefusal['body'] {
  return typeof body === 'object' && body !== null ? body : String(body);
}

function send({ reply, entry }: Refused, { status, headers = {}, body }: WireRefusal): FastifyReply {
  entry.status = status;
  settle(entry, 'refused');
  return reply.code(status).headers(headers).send(body);
}

/** The hint when to come again, in one of the forms that clouds use. */
function hinted(wire: WireRefusal, retryAfter: RetryAfter | undefined): WireRefusal {
  if (retryAfter === undefined) return wire;
  const { ms, form } = retryAfter;
  switch (form) {
    case 'seconds':
      return withHeader(wire, 'retry-after', String(Math.ceil(ms / 1_000)));
    case 'milliseconds':
      return withHeader(wire, 'retry-after-ms', String(ms));
    case 'date':
      // A date has no milliseconds: rounded up, so that nobody comes too early.
      return withHeader(wire, 'retry-after', new Date(Math.ceil((Date.now() + ms) / 1_000) * 1_000).toUTCString());
    case 'amz':
      return withHeader(wire, 'x-amz-retry-after', String(ms));
    case 'retry-info':
      return { ...wire, body: withRetryInfo(wire.body, ms) };
  }
}

function withHeader(wire: WireRefusal, name: string, value: string): WireRefusal {
  return { ...wire, headers: { ...wire.headers, [name]: value } };
}

function withRetryInfo(body: WireRefusal['body'], ms: number): WireRefusal['body'] {
  if (typeof body === 'string' || !('error' in body) || typeof body.error !== 'object') return body;
  const details = [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: `${ms / 1_000}s` }];
  return { error: { ...body.error, details } };
}
