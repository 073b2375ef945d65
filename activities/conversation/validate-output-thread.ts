/** Checks one answer against one schema, in a thread of its own: see `validate-output.ts`. */
import type { ErrorObject } from 'ajv';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { parentPort, workerData } from 'node:worker_threads';
import type { OutputSchema } from '../../workflows/domain/output-schema.ts';
import { draftOf } from '../../workflows/domain/output-schema.ts';
import { toPrintable } from '../../workflows/domain/tool-call.ts';
import type { OutputVerdict } from './validate-output.ts';

/** More would hide the first ones, and most follow from them. */
const MOST_PROBLEMS = 10;
const PROBLEM_CHARACTERS = 300;
const SHOWN_VALUE_CHARACTERS = 60;

// Formats are not checked: which there are differs from one library to the next. Unknown keywords mean nothing, as the drafts say.
const OPTIONS = { strict: false, allErrors: true, verbose: true, validateFormats: false, logger: false } as const;

const { schema, text } = workerData as { readonly schema: OutputSchema; readonly text: string }; // given by `validateOutput` alone
parentPort?.postMessage(verdictOn(schema, text));

function verdictOn(asked: OutputSchema, answer: string): OutputVerdict {
  let value: unknown;
  try {
    value = JSON.parse(answer);
  } catch (error) {
    return { kind: 'no-json', problems: [describeParseError(error, answer)] };
  }
  try {
    const ajv = draftOf(asked) === '7' ? new Ajv(OPTIONS) : new Ajv2020(OPTIONS);
    const validate = ajv.compile(asked);
    if (validate(value)) return { kind: 'valid' };
    return { kind: 'invalid', problems: describeErrors(validate.errors ?? []) };
  } catch {
    // The library's words quote the schema, and this ends up in a failure that operators see.
    return { kind: 'unusable-schema', problem: 'it does not compile' };
  }
}

function describeParseError(error: unknown, answer: string): string {
  const first = answer.trimStart();
  if (first === '') return 'it is empty';
  const hint = first.startsWith('```') ? ': leave out the fence around it' : first.startsWith('{') ? '' : ': begin with the JSON';
  // The words of the parser name the place, and quote no more than a few characters there.
  return shorten(`it is no JSON (${error instanceof Error ? error.message : String(error)})${hint}`);
}

/** Each place once: of the alternatives of one `anyOf` the first says enough. */
function describeErrors(errors: readonly ErrorObject[]): readonly string[] {
  const problems = [...new Set(errors.map(describeError))];
  const more = problems.length - MOST_PROBLEMS;
  return more > 0 ? [...problems.slice(0, MOST_PROBLEMS), `and ${more} more`] : problems;
}

function describeError({ instancePath, keyword, params, message, data }: ErrorObject): string {
  const place = instancePath === '' ? 'at the top' : `at ${instancePath}`;
  return shorten(`${place}: ${message ?? keyword}${detailOf(keyword, params)}${foundOf(keyword, data)}`);
}

/** What the message of the library leaves out. */
function detailOf(keyword: string, params: Readonly<Record<string, unknown>>): string {
  switch (keyword) {
    case 'enum':
      return `: ${JSON.stringify(params['allowedValues'])}`;
    case 'const':
      return `: ${JSON.stringify(params['allowedValue'])}`;
    case 'additionalProperties':
      return `: "${String(params['additionalProperty'])}" is not one of them`;
    default:
      return '';
  }
}

/** Of what is missing or too much there is nothing to show. */
function foundOf(keyword: string, data: unknown): string {
  if (keyword === 'required' || keyword === 'additionalProperties') return '';
  const found = Array.isArray(data)
    ? `an array of ${data.length}`
    : typeof data === 'object' && data !== null
      ? 'an object'
      : undefined;
  return `, but is ${found ?? toPrintable(JSON.stringify(data) ?? 'nothing', SHOWN_VALUE_CHARACTERS)}`;
}

function shorten(text: string): string {
  return toPrintable(text, PROBLEM_CHARACTERS);
}
