/** Whether a task's output schema can be used at all, known before anything is started. */
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { z } from 'zod';
import type { OutputSchema } from '../workflows/domain/output-schema.ts';
import { draftOf, MOST_SCHEMA_BYTES } from '../workflows/domain/output-schema.ts';
import { toPrintable } from '../workflows/domain/tool-call.ts';

export const OUTPUT_SCHEMA_SHOULD_BE = `an object that is a JSON schema of draft 2020-12 or 7, at most ${MOST_SCHEMA_BYTES} bytes`;

const PROBLEM_CHARACTERS = 300;
/** As the worker checks answers: see activities/conversation/validate-output-thread.ts. */
const OPTIONS = { strict: false, validateFormats: false, logger: false } as const;

export const outputSchemaSchema = z.record(z.string(), z.unknown()).superRefine((schema, context) => {
  const problem = problemOf(schema);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: `is ${problem}: write ${OUTPUT_SCHEMA_SHOULD_BE}` });
}) satisfies z.ZodType<OutputSchema>;

function problemOf(schema: OutputSchema): string | undefined {
  const bytes = Buffer.byteLength(JSON.stringify(schema));
  if (bytes > MOST_SCHEMA_BYTES) return `too large (${bytes} bytes)`;
  const draft = draftOf(schema);
  if (draft === undefined) return `of another draft ("$schema" is ${shorten(JSON.stringify(schema['$schema']))})`;
  try {
    const ajv = draft === '7' ? new Ajv(OPTIONS) : new Ajv2020(OPTIONS);
    ajv.compile(schema);
    return undefined;
  } catch (error) {
    return `no schema of draft ${draft} (${shorten(error instanceof Error ? error.message : String(error))})`;
  }
}

function shorten(text: string): string {
  return toPrintable(text, PROBLEM_CHARACTERS);
}
