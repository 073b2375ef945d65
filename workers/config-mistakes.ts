/** What the schema found wrong, in words of our own: what, which value, and what to do. A secret put in the wrong place is not quoted. */
import type { z } from 'zod';

/** A mistake and the keys that lead to it. */
export interface Mistake {
  readonly path: readonly PropertyKey[];
  readonly problem: string;
}

/** Tells a mistake at a key below what is being read. */
export type Report = (path: readonly (string | number)[], problem: string) => void;

type Issue = z.core.$ZodIssue;

/** Of a longer value only the place is told. */
const QUOTED_CHARACTERS = 60;
/** Keys whose values may be secrets by mistake: credentials, and an address with a password in it. */
const NEVER_QUOTED: readonly PropertyKey[] = ['auth', 'baseUrl', 'url', 'args', 'envFrom'];

const EXPECTATIONS: Readonly<Record<string, string>> = {
  record: 'a map of names, one "NAME: …" a line',
  object: 'a map of keys, one "KEY: …" a line',
  array: 'a list, as in [a, b]',
  boolean: 'true or false',
  string: 'text',
  number: 'a number',
  int: 'a whole number',
};
/** Keys whose text is a day: without quotes 2026 is a number. */
const DAYS: readonly PropertyKey[] = [
  'from',
  'to',
  'expires',
  'seenOn',
  'verifiedOn',
  'notBefore',
  'shutdown',
  'newCustomersUntil',
];

/** Zod's issues, each with the path of the very key that is wrong. */
export function mistakesOf(issues: readonly Issue[]): readonly Mistake[] {
  return issues.flatMap((issue): readonly Mistake[] => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({ path: [...issue.path, key], problem: describeUnknownKey(issue.path, key) }));
    }
    if (issue.code === 'invalid_key') {
      return issue.issues.map(({ message }) => ({ path: issue.path, problem: `${describePath(issue.path)} ${message}` }));
    }
    if (issue.code === 'invalid_union') return unionMistakes(issue);
    return [{ path: issue.path, problem: `${describePath(issue.path)} ${describeIssue(issue)}` }];
  });
}

/** A secret may stand where a key belongs, as in `auth: { sk-123 }`. */
function describeUnknownKey(path: readonly PropertyKey[], key: string): string {
  const name = path.includes('auth') && !/^[A-Za-z]+$/.test(key) ? 'unknown key' : `unknown key "${key}"`;
  return `${name}: remove it or correct its name (anyport.example.yaml has all of them)`;
}

/** The branch that came furthest speaks: the other one only says that it wanted text. */
function unionMistakes(issue: z.core.$ZodIssueInvalidUnion): readonly Mistake[] {
  const best = issue.errors.toSorted((left, right) => deepest(right) - deepest(left))[0] ?? [];
  return mistakesOf(best.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })));
}

function deepest(issues: readonly Issue[]): number {
  return Math.max(0, ...issues.map((issue) => issue.path.length + (issue.code === 'unrecognized_keys' ? 1 : 0)));
}

/** The schema's own messages stay where they are ours already: of forms and of what must not be empty. */
function describeIssue(issue: Issue): string {
  if (issue.code === 'invalid_type') {
    if (issue.path.length === 0 && isMissing(issue)) return 'is empty: it needs endpoints, see anyport.example.yaml';
    if (issue.expected === 'string' && DAYS.includes(issue.path.at(-1) ?? '')) return demand(issue, 'a day such as 2026-11-17');
    return demand(issue, EXPECTATIONS[issue.expected] ?? issue.expected);
  }
  if (issue.code === 'invalid_value') return demand(issue, alternativesOf(issue.values.map(String)));
  if (issue.code === 'too_small' && issue.origin === 'number') return demand(issue, `at least ${issue.minimum}`);
  if (issue.code === 'too_big') return demand(issue, `at most ${issue.maximum}`);
  return issue.message;
}

function isMissing({ input }: Issue): boolean {
  return input === undefined || input === null;
}

function demand(issue: Issue, wanted: string): string {
  if (isMissing(issue)) return `is missing: it must be ${wanted}`;
  return `must be ${wanted}${quote(issue)}`;
}

function alternativesOf(values: readonly string[]): string {
  return values.length < 2 ? values.join() : `${values.slice(0, -1).join(', ')} or ${values.at(-1) ?? ''}`;
}

function quote({ input, path }: Issue): string {
  if (typeof input === 'object') return Array.isArray(input) ? ', not a list' : ', not a map';
  // A whole file that is one value may be the file of a key, named by mistake.
  if (path.length === 0 || path.some((key) => NEVER_QUOTED.includes(key))) return '';
  const text = typeof input === 'number' ? String(input) : JSON.stringify(input);
  return text.length > QUOTED_CHARACTERS ? '' : `, not ${text}`;
}

function describePath(path: readonly PropertyKey[]): string {
  return path.length === 0 ? 'the file' : path.map(String).join('.');
}
