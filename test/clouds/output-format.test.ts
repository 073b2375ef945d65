import fc from 'fast-check';
import { expect, test } from 'vitest';
import { renderFormat } from '../../activities/clouds/responses-api/output-format.ts';
import { reviewSchema } from '../../client/cli/review-answer.ts';
import type { OutputSchema } from '../../workflows/domain/output-schema.ts';
import { EMULATED_ENDPOINTS } from '../emulators/emulated-endpoints.ts';
import { problemOfFormat } from '../emulators/validate-format.ts';

const CLOSED = { additionalProperties: false } as const;
const TEXT = { type: 'string' };

function objectOf(properties: Readonly<Record<string, unknown>>): OutputSchema {
  return { type: 'object', properties, required: Object.keys(properties), ...CLOSED };
}

const { schema: anySchema } = fc.letrec<{ schema: Record<string, unknown> }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom<Record<string, unknown>>(
      TEXT,
      { $ref: '#' },
      { const: 1 },
      {},
      { type: 'string', maxLength: 3 },
      { type: 'null' },
    ),
    fc.dictionary(fc.constantFrom('a', 'not', 'properties', 'default'), tie('schema'), { maxKeys: 3 }).map(objectOf),
    fc.record({ type: fc.constant('object'), properties: fc.dictionary(fc.constantFrom('a', 'b'), tie('schema')) }),
    fc.record({ type: fc.constant('array'), items: tie('schema') }),
    fc.record({ anyOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }) }),
    fc.record({ allOf: fc.array(tie('schema'), { minLength: 1, maxLength: 2 }) }),
    fc.record({
      ...{ type: fc.constant('object'), additionalProperties: fc.boolean() },
      $defs: fc.dictionary(fc.constantFrom('allOf'), tie('schema')),
    }),
  ),
}));

test('holds a cloud strictly to a schema that it promises to keep', () => {
  const schema = {
    type: 'object',
    properties: { list: { type: ['array', 'null'], items: { $ref: '#/$defs/entry' }, minItems: 1 } },
    required: ['list'],
    ...CLOSED,
    $defs: {
      entry: {
        anyOf: [
          { type: 'string', enum: ['a', 'b'] },
          { type: 'integer', minimum: 0 },
        ],
      },
    },
  };

  expect(renderFormat({ $schema: 'http://json-schema.org/draft-07/schema#', ...schema })).toEqual({
    type: 'json_schema',
    name: 'task_output',
    schema,
    strict: true,
  });
});

test.each<[string, OutputSchema]>([
  ['optional properties', { type: 'object', properties: { a: TEXT, b: TEXT }, required: ['a'], ...CLOSED }],
  ['open objects', { type: 'object', properties: { a: TEXT }, required: ['a'] }],
  ['open objects within', objectOf({ a: { type: 'object', properties: {} } })],
  ['a keyword that is not kept', objectOf({ a: { allOf: [TEXT] } })],
  ['a keyword within a list', objectOf({ a: { type: 'array', items: { type: 'string', minLength: 1 } } })],
  ['a list of anything', objectOf({ a: { type: 'array' } })],
  ['a format that is not known', objectOf({ a: { type: 'string', format: 'iri' } })],
  ['a part without a type', objectOf({ a: {} })],
  ['words beside a reference', objectOf({ a: { $ref: '#', description: 'again' } })],
  ['eleven levels', Array.from({ length: 11 }).reduce<OutputSchema>((inner) => objectOf({ a: inner }), TEXT)],
])('sends a schema with %s without that promise', (_name, schema) => {
  expect(renderFormat(schema)).toMatchObject({ schema, strict: false });
});

test.each<[string, OutputSchema]>([
  ['a list', { type: 'array', items: TEXT }],
  ['one of several', { anyOf: [objectOf({}), TEXT] }],
  ['anything', {}],
])('does not send a schema of %s, which every cloud refuses', (_name, schema) => {
  expect(renderFormat(schema)).toBeUndefined();
});

test('a review is asked for strictly', () => {
  expect(renderFormat(reviewSchema())).toMatchObject({ strict: true });
});

test('whatever is sent is taken', () => {
  const openai = EMULATED_ENDPOINTS.find(({ structuredOutput }) => structuredOutput);
  if (openai === undefined) throw new Error('no emulated cloud holds answers to a schema');
  fc.assert(
    fc.property(anySchema, (schema) => {
      const format = renderFormat(schema);

      expect(format === undefined ? undefined : problemOfFormat(openai, format)).toBeUndefined();
    }),
    { numRuns: 1000 },
  );
});
