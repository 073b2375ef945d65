/** Bodies of requests: what they should be, and words that name the field and the value that are not. */
import type { z } from 'zod';
import { toPrintable } from '../../workflows/domain/tool-call.ts';
import { HttpProblemError } from './http-problem.ts';

const SHOWN_CHARACTERS = 60;

export interface BodyForm<Body> {
  readonly schema: z.ZodType<Body>;
  /** Of each field, in words: `approve or deny`. */
  readonly fields: Readonly<Record<keyof Body & string, string>>;
}

/** @throws HttpProblemError 400, which names every mistake */
export function readBody<Body>({ schema, fields }: BodyForm<Body>, body: unknown): Body {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const shouldBe = new Map(Object.entries<string>(fields));
  const mistakes = parsed.error.issues.map((issue) => describe(issue, { body, shouldBe }));
  throw new HttpProblemError({ status: 400, code: 'wrong-body', message: mistakes.join('; ') });
}

interface Described {
  readonly body: unknown;
  readonly shouldBe: ReadonlyMap<string, string>;
}

function describe(issue: z.core.$ZodIssue, { body, shouldBe }: Described): string {
  const names = [...shouldBe.keys()].join(', ');
  if (issue.code === 'unrecognized_keys') {
    const unknown = issue.keys.map((key) => `"${toPrintable(key, SHOWN_CHARACTERS)}"`).join(', ');
    return `unknown field ${unknown}: there are ${names}`;
  }
  const field = String(issue.path[0] ?? '');
  const wanted = shouldBe.get(field);
  if (wanted === undefined) return `the body is ${show(body)}: send a JSON object with ${names}`;
  const value: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, field) : undefined;
  if (issue.message.startsWith('is ')) return `${field} ${issue.message}`;
  return value === undefined ? `${field} is missing: send ${wanted}` : `${field} is ${show(value)}: send ${wanted}`;
}

function show(value: unknown): string {
  return toPrintable(JSON.stringify(value) ?? typeof value, SHOWN_CHARACTERS);
}
