/** What Agents Classic writes into its answer: frames of AWS's event streams. */
import { EventStreamCodec } from '@smithy/core/event-streams';
import { fromUtf8, toUtf8 } from '@smithy/core/serde';
import { FAILURE_MESSAGE } from './failure-message.ts';

const codec = new EventStreamCodec(toUtf8, fromUtf8);

/** An event by the name of its member, with its payload. */
export interface ClassicEvent {
  readonly type: 'chunk' | 'trace' | 'returnControl' | 'files';
  readonly payload: object;
}

export function encodeEvent({ type, payload }: ClassicEvent): Uint8Array {
  return encode({ ':message-type': 'event', ':event-type': type }, payload);
}

/** Exceptions that the operations list; a stream names them by their members. */
const MODELLED = new Set([
  'AccessDeniedException',
  'BadGatewayException',
  'ConflictException',
  'DependencyFailedException',
  'InternalServerException',
  'ModelNotReadyException',
  'ResourceNotFoundException',
  'ServiceQuotaExceededException',
  'ThrottlingException',
  'ValidationException',
]);

/** What is listed comes as an exception, anything else as an error with a code. */
export function encodeFailure(name: string): Uint8Array {
  if (!MODELLED.has(name)) {
    return encode({ ':message-type': 'error', ':error-code': name, ':error-message': FAILURE_MESSAGE }, {});
  }
  const member = `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
  return encode({ ':message-type': 'exception', ':exception-type': member }, { message: FAILURE_MESSAGE });
}

function encode(names: Readonly<Record<string, string>>, payload: object): Uint8Array {
  const headers = Object.entries({ ...names, ':content-type': 'application/json' }).map(
    ([name, value]) => [name, { type: 'string' as const, value }] as const,
  );
  return codec.encode({ headers: Object.fromEntries(headers), body: Buffer.from(JSON.stringify(payload)) });
}
