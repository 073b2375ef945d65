/** Whether a request carries the credentials of its cloud, in that cloud's style and no other. */
import { Hash } from '@smithy/hash-node';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Authentication, SigV4Identity } from './emulated-endpoints.ts';
import type { Reason } from './refusals.ts';

export interface SignedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export type Identification =
  /** The credential, to tell one that expired from its successor. */
  | { readonly credential: string }
  | {
      readonly refusal: { readonly reason: Reason; readonly message: string };
      /** As AWS names it, where it has a name and a status of its own for it. */
      readonly exception?: { readonly status: number; readonly name: string };
    };

/** AWS lets a clock be off by this much. */
const MAX_SKEW_MS = 15 * 60 * 1_000;

/** Who calls, or why they are not let in. */
export async function identify(accepted: Authentication, request: SignedRequest, nowMs: number): Promise<Identification> {
  const apiKey = firstOf(request.headers['api-key']);
  if (apiKey !== undefined) {
    if (accepted.apiKey === undefined) return refused('this cloud takes no api-key header');
    return isEqual(apiKey, accepted.apiKey) ? { credential: apiKey } : refused('the api-key header is wrong');
  }
  const authorization = request.headers.authorization ?? '';
  if (authorization.startsWith('Bearer ')) {
    const token = authorization.slice('Bearer '.length);
    const isKnown = accepted.bearer?.some((known) => isEqual(token, known)) ?? false;
    return isKnown ? { credential: token } : refused('the bearer token is wrong');
  }
  if (accepted.sigV4 === undefined) return refused('the credentials are missing or in a style that this cloud does not know');
  return identifySigner(accepted.sigV4, request, nowMs);
}

function refused(message: string, status?: number, name?: string): Identification {
  const refusal = { reason: 'unauthenticated', message } as const;
  return status === undefined || name === undefined ? { refusal } : { refusal, exception: { status, name } };
}

function firstOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}

function isEqual(given: string | undefined, expected: string): boolean {
  const [left, right] = [Buffer.from(given ?? ''), Buffer.from(expected)];
  return left.length === right.length && timingSafeEqual(left, right);
}

const SIGNATURE =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]+)$/;
/** What must be signed, so that nobody changes it on the way. */
const ALWAYS_SIGNED = ['host', 'x-amz-date'];

interface Signature {
  readonly accessKeyId: string;
  readonly day: string;
  readonly scope: string;
  readonly names: readonly string[];
  readonly value: string;
}

function readSignature(authorization: string): Signature | undefined {
  const [, accessKeyId, day, region, service, names, value] = SIGNATURE.exec(authorization) ?? [];
  if (accessKeyId === undefined || day === undefined || names === undefined || value === undefined) return undefined;
  return { accessKeyId, day, scope: `${region}/${service}`, names: names.split(';'), value };
}

async function identifySigner(identity: SigV4Identity, request: SignedRequest, nowMs: number): Promise<Identification> {
  const { headers } = request;
  if (headers.authorization === undefined)
    return refused('Missing Authentication Token', 403, 'MissingAuthenticationTokenException');
  const signature = readSignature(headers.authorization);
  const date = firstOf(headers['x-amz-date']) ?? '';
  if (
    signature === undefined ||
    !date.startsWith(signature.day) ||
    !ALWAYS_SIGNED.every((name) => signature.names.includes(name))
  )
    return refused('The signature is incomplete.', 400, 'IncompleteSignatureException');
  const sessionToken = firstOf(headers['x-amz-security-token']);
  if (!isKnown(identity, signature.accessKeyId, sessionToken))
    return refused('The security token included in the request is invalid.');
  const mismatch = await whyNoMatch(identity, request, signature);
  if (mismatch !== undefined) return refused(mismatch, 403, 'InvalidSignatureException');
  if (Math.abs(toDate(date).getTime() - nowMs) > MAX_SKEW_MS) return refused('Request expired', 400, 'RequestExpired');
  return { credential: sessionToken ?? signature.accessKeyId };
}

async function whyNoMatch(identity: SigV4Identity, request: SignedRequest, signature: Signature): Promise<string | undefined> {
  const scope = `${identity.region}/${identity.service}`;
  if (signature.scope !== scope) return `Credential should be scoped to ${scope}`;
  const isTrue = isEqual(signature.value, await signAgain(identity, request, signature.names)) && isBodyOf(request);
  return isTrue ? undefined : 'The request signature we calculated does not match the signature you provided.';
}

function isKnown(identity: SigV4Identity, accessKeyId: string, sessionToken: string | undefined): boolean {
  return accessKeyId === identity.accessKeyId && (sessionToken === undefined || identity.sessionTokens.includes(sessionToken));
}

/** A signature may cover a checksum that the header claims: the claim has to be true. */
function isBodyOf({ headers, body }: SignedRequest): boolean {
  const claimed = firstOf(headers['x-amz-content-sha256']);
  return claimed === undefined || claimed === 'UNSIGNED-PAYLOAD' || claimed === createHash('sha256').update(body).digest('hex');
}

/** Signs the same request again: a wrong secret or a changed body gives another signature. */
async function signAgain(
  identity: SigV4Identity,
  { method, url, headers, body }: SignedRequest,
  names: readonly string[],
): Promise<string> {
  const { pathname, searchParams } = new URL(url, 'http://127.0.0.1');
  const signer = new SignatureV4({
    credentials: { accessKeyId: identity.accessKeyId, secretAccessKey: identity.secretAccessKey },
    region: identity.region,
    service: identity.service,
    sha256: Hash.bind(null, 'sha256'),
    applyChecksum: names.includes('x-amz-content-sha256'),
  });
  const request = new HttpRequest({
    method,
    protocol: 'http:',
    hostname: '127.0.0.1',
    path: pathname,
    query: Object.fromEntries(searchParams),
    headers: Object.fromEntries(names.map((name) => [name, firstOf(headers[name]) ?? ''])),
    body,
  });
  const signingDate = toDate(firstOf(headers['x-amz-date']) ?? '');
  const signed = await signer.sign(request, { signingDate, signableHeaders: new Set(names) });
  return SIGNATURE.exec(signed.headers['authorization'] ?? '')?.[6] ?? '-';
}

/** `20261124T013000Z`. */
function toDate(text: string): Date {
  return new Date(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}
