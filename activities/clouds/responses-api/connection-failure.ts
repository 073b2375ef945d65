/** Where a connection broke, from the codes of Node and its HTTP client, which are buried in causes. */
import type { Acceptance, FailurePhase, ModelFailureKind } from '../../../workflows/domain/model-failure.ts';

export interface ConnectionFailure {
  readonly kind: ModelFailureKind;
  readonly phase: FailurePhase;
  readonly acceptance: Acceptance;
  readonly code: string;
}

interface SystemError {
  readonly code: string;
  readonly syscall: string | undefined;
  readonly message: string;
}

const RESOLVE_CODES = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA', 'EAI_NONAME']);
const CONNECT_CODES = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN', 'EADDRNOTAVAIL']);
const TLS_CODES =
  /^(?:CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|EPROTO$|UNSUPPORTED_CERTIFICATE)/;
/** Node closes a handshake that the other side dropped with ECONNRESET and this text. */
const TLS_HANDSHAKE = 'before secure TLS connection';
const TIMEOUT_CODES = new Set(['ETIMEDOUT', 'UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

/** Nothing had come back yet: before the request was sent it was surely not accepted, after that nobody knows. */
export function classifyConnection(error: unknown): ConnectionFailure {
  const found = findSystemError(error, new Set());
  if (found === undefined) return { kind: 'unavailable', phase: 'sent', acceptance: 'unknown', code: 'connection failed' };
  const phase = phaseOf(found);
  return {
    kind: TIMEOUT_CODES.has(found.code) ? 'timeout' : 'unavailable',
    phase,
    acceptance: phase === 'sent' ? 'unknown' : 'not-accepted',
    code: found.code,
  };
}

/** Whether an error is the HTTP client's own limit on silence, which reads like a stall and not like a cut. */
export function isTransportTimeout(error: unknown): boolean {
  const found = findSystemError(error, new Set());
  return found !== undefined && TIMEOUT_CODES.has(found.code);
}

function phaseOf({ code, syscall, message }: SystemError): FailurePhase {
  if (RESOLVE_CODES.has(code) || syscall === 'getaddrinfo') return 'resolve';
  if (TLS_CODES.test(code) || message.includes(TLS_HANDSHAKE)) return 'tls';
  if (CONNECT_CODES.has(code) || syscall === 'connect' || code === 'UND_ERR_CONNECT_TIMEOUT') return 'connect';
  return 'sent';
}

/** The innermost error with a code: the outer ones only say that fetch failed. */
function findSystemError(error: unknown, seen: Set<unknown>): SystemError | undefined {
  if (!(error instanceof Error) || seen.has(error)) return undefined;
  seen.add(error);
  // One error per address that was tried; all failed, and the last is as good as any.
  const attempts: readonly unknown[] = error instanceof AggregateError ? error.errors : [];
  const inner = findSystemError(error.cause, seen) ?? findSystemError(attempts.at(-1), seen);
  return inner ?? toSystemError(error);
}

function toSystemError(error: Error): SystemError | undefined {
  if (!('code' in error) || typeof error.code !== 'string') return undefined;
  const syscall = 'syscall' in error && typeof error.syscall === 'string' ? error.syscall : undefined;
  return { code: error.code, syscall, message: error.message };
}
