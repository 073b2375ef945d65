/** What a caller of the door is told when it does not get what it asked for: a status, a code for programs, and words for people. */
import { TaskClientError } from '../task-client-error.ts';
import type { TaskClientProblem } from '../task-client-error.ts';

export interface HttpProblem {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Thrown by what answers a request, and told as it is. */
export class HttpProblemError extends Error {
  override readonly name = 'HttpProblemError';
  readonly problem: HttpProblem;

  constructor(problem: HttpProblem) {
    super(problem.message);
    this.problem = problem;
  }
}

/** A server or worker that died is back within seconds. */
const RETRY_AFTER = { 'retry-after': '5' };

const STATUS = {
  'no-server': 503,
  'no-worker': 503,
  'not-found': 404,
  'not-waiting': 404,
  'already-ended': 409,
  answered: 409,
  refused: 409,
  terminated: 409,
  'timed-out': 409,
  'invalid-file': 400,
  broken: 500,
} as const satisfies Record<TaskClientProblem, number>;

/** What the framework itself refuses. Codes are fastify's, words are ours. */
const OF_FRAMEWORK: Readonly<Record<string, Omit<HttpProblem, 'status'>>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    code: 'wrong-media-type',
    message: 'the body is not JSON: send content-type: application/json',
  },
  FST_ERR_CTP_EMPTY_JSON_BODY: { code: 'wrong-body', message: 'the body is empty: send a JSON object' },
  FST_ERR_CTP_BODY_TOO_LARGE: { code: 'body-too-large', message: 'the body is too large: 64 KiB at most' },
  FST_ERR_CTP_INVALID_JSON_BODY: { code: 'wrong-body', message: 'the body is not JSON' },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: { code: 'wrong-body', message: 'the body is not as long as content-length says' },
  FST_ERR_BAD_URL: { code: 'not-found', message: 'the path is not properly encoded' },
};

/** `undefined`: a fault of ours, of which a caller is told nothing but that. */
export function toHttpProblem(error: unknown): HttpProblem | undefined {
  if (error instanceof HttpProblemError) return error.problem;
  if (error instanceof TaskClientError) {
    const status = STATUS[error.problem];
    return { status, code: error.problem, message: error.message, ...(status === 503 ? { headers: RETRY_AFTER } : {}) };
  }
  return ofFramework(error);
}

function ofFramework(error: unknown): HttpProblem | undefined {
  if (!(error instanceof Error) || !('statusCode' in error) || typeof error.statusCode !== 'number') return undefined;
  const status = error.statusCode;
  if (status < 400 || status > 499) return undefined;
  const code = 'code' in error ? String(error.code) : '';
  // A parser's own message quotes what it read.
  const known = Object.hasOwn(OF_FRAMEWORK, code) ? OF_FRAMEWORK[code] : undefined;
  return { status, ...(known ?? { code: 'wrong-body', message: 'the body is not JSON' }) };
}
