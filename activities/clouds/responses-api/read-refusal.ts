/**
 * Reads an error in the shapes that clouds send it: OpenAI's `{"error": {code, type}}`, Google's `{"error": {status, details}}`
 * (at times within an array), AWS's `{"message"}` with the name in a header, and text of a gateway that is none of them.
 */
import { z } from 'zod';
import type { Refusal, ResponseDialect } from './cloud-dialect.ts';
import { readRetryAfterMs } from './retry-after.ts';

const CODE_CHARACTERS = 80;
const NOT_PRINTABLE = /[^\u0020-\u007e]+/g;

const ERROR = z.object({
  // Google sends its HTTP status as a number here, Azure some statuses as text.
  code: z.union([z.string(), z.number()]).nullish().catch(null),
  type: z.string().nullish().catch(null),
  status: z.union([z.string(), z.number()]).nullish().catch(null),
  message: z.string().nullish().catch(null),
  details: z.unknown().optional(),
  innererror: z.object({ code: z.string().nullish() }).nullish().catch(null),
});
const AWS_BODY = z.object({
  __type: z.string().nullish().catch(null),
  message: z.string().nullish().catch(null),
  Message: z.string().nullish().catch(null),
});

type ErrorBody = z.infer<typeof ERROR>;

export interface RefusedAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

/** An answer with a status that is not 2xx. */
export function readRefusal({ status, headers, body }: RefusedAnswer, dialect: ResponseDialect): Refusal {
  const json = parseJson(body);
  const error = findError(json);
  const aws = AWS_BODY.safeParse(json).data;
  const awsName = headers.get('x-amzn-errortype') ?? aws?.__type ?? undefined;
  return {
    status,
    names: [...namesOf(error), ...(awsName === undefined ? [] : [toAwsName(awsName)])],
    message: error?.message ?? aws?.message ?? aws?.Message ?? '',
    retryAfterMs: readRetryAfterMs(headers, error?.details, Date.now()),
    requestId: readRequestId(headers, dialect),
    doNotRetry: headers.get('x-should-retry') === 'false',
  };
}

/** An error told within a stream or a response object: it has no headers of its own. */
export function readStreamError(error: unknown, requestId: string | undefined): Refusal {
  const read = ERROR.safeParse(error).data;
  return {
    status: undefined,
    names: namesOf(read),
    message: read?.message ?? '',
    retryAfterMs: readRetryAfterMs(new Headers(), read?.details, Date.now()),
    requestId,
    doNotRetry: false,
  };
}

export function readRequestId(headers: Headers, dialect: ResponseDialect): string | undefined {
  const id = dialect.requestIdHeaders.map((name) => headers.get(name)).find((value) => value !== null);
  return id === undefined || id === null ? undefined : toCode(id);
}

/** At most 80 printable characters, so that a code can stand in a summary whatever a cloud sends. */
export function toCode(text: string): string {
  return text.replaceAll(NOT_PRINTABLE, ' ').trim().slice(0, CODE_CHARACTERS);
}

function findError(json: unknown): ErrorBody | undefined {
  const outer: unknown = Array.isArray(json) ? json[0] : json;
  if (typeof outer !== 'object' || outer === null || !('error' in outer)) return undefined;
  return ERROR.safeParse(outer.error).data;
}

function namesOf(error: ErrorBody | undefined): readonly string[] {
  if (error === undefined) return [];
  return [error.code, error.innererror?.code, error.status, error.type]
    .filter((name) => typeof name === 'string')
    .map(toCode)
    .filter((name) => name !== '');
}

/** `com.amazon.coral.service#ThrottlingException:http://…` -> `ThrottlingException` */
function toAwsName(text: string): string {
  return toCode(text.split(':')[0]?.split('#').at(-1) ?? '');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
