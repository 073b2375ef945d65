/** Whether a request carries the credentials of its cloud, in that cloud's style and no other. */
import { Hash } from '@smithy/hash-node';
import { HttpRequest } from '@smithy/protocol-http';
import { SignatureV4 } from '@smithy/signature-v4';
import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { AuthStyle } from './emulated-endpoints.ts';

export interface SignedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** `undefined`: let in; otherwise why not. */
export async function whyRefused(style: AuthStyle, request: SignedRequest): Promise<string | undefined> {
  const { authorization, 'api-key': apiKey } = request.headers;
  switch (style.kind) {
    case 'bearer':
      if (apiKey !== undefined) return 'this cloud takes no api-key header';
      return isEqual(authorization, `Bearer ${style.token}`) ? undefined : 'the bearer token is missing or wrong';
    case 'api-key':
      return isEqual(Array.isArray(apiKey) ? apiKey[0] : apiKey, style.key)
        ? undefined
        : 'the api-key header is missing or wrong';
    case 'sigv4':
      return whyNotSigned(style, request);
  }
}

function isEqual(given: string | undefined, expected: string): boolean {
  const [left, right] = [Buffer.from(given ?? ''), Buffer.from(expected)];
  return left.length === right.length && timingSafeEqual(left, right);
}

const SIGNATURE =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]+)$/;

type SigV4Style = Extract<AuthStyle, { kind: 'sigv4' }>;

async function whyNotSigned(style: SigV4Style, request: SignedRequest): Promise<string | undefined> {
  const [, accessKeyId, region, service, signedHeaders, signature] = SIGNATURE.exec(request.headers.authorization ?? '') ?? [];
  if (signedHeaders === undefined) return 'there is no AWS signature of version 4';
  if (accessKeyId !== style.accessKeyId) return 'the access key is unknown';
  if (region !== style.region || service !== style.service)
    return `signed for ${region}/${service}, not ${style.region}/${style.service}`;
  const expected = await signAgain(style, request, signedHeaders.split(';'));
  return isEqual(signature, expected) ? undefined : 'the signature does not match';
}

/** Signs the same request again: a wrong secret or a changed body gives another signature. */
async function signAgain(
  style: SigV4Style,
  { method, url, headers, body }: SignedRequest,
  names: readonly string[],
): Promise<string> {
  const { pathname, searchParams } = new URL(url, 'http://127.0.0.1');
  const signer = new SignatureV4({
    credentials: { accessKeyId: style.accessKeyId, secretAccessKey: style.secretAccessKey },
    region: style.region,
    service: style.service,
    sha256: Hash.bind(null, 'sha256'),
    applyChecksum: names.includes('x-amz-content-sha256'),
  });
  const request = new HttpRequest({
    method,
    protocol: 'http:',
    hostname: '127.0.0.1',
    path: pathname,
    query: Object.fromEntries(searchParams),
    headers: Object.fromEntries(names.map((name) => [name, String(headers[name] ?? '')])),
    body,
  });
  const signingDate = toDate(String(headers['x-amz-date'] ?? ''));
  const signed = await signer.sign(request, { signingDate, signableHeaders: new Set(names) });
  return SIGNATURE.exec(signed.headers['authorization'] ?? '')?.[5] ?? '-';
}

/** `20261124T013000Z`. */
function toDate(text: string): Date {
  return new Date(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
}
