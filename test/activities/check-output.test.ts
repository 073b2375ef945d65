import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCheckOutput } from '../../activities/check-output.ts';
import { validateOutput } from '../../activities/conversation/validate-output.ts';
import { openSqliteTaskStore } from '../../activities/store/sqlite.ts';
import type { TaskStore } from '../../activities/store/task-store.ts';
import type { CheckOutputInput, CheckOutputResult } from '../../workflows/activity-interfaces.ts';
import { toTaskId } from '../../workflows/domain/ids.ts';
import type { OutputSchema } from '../../workflows/domain/output-schema.ts';
import { EMPTY_TRANSCRIPT } from '../../workflows/domain/transcript.ts';
import { said, userSaid } from '../support/builders.ts';

const SCHEMA: OutputSchema = {
  type: 'object',
  properties: {
    verdict: { enum: ['good', 'bad'] },
    findings: {
      type: 'array',
      items: { type: 'object', properties: { line: { type: 'integer', minimum: 1 } }, required: ['line'] },
    },
  },
  required: ['verdict'],
  additionalProperties: false,
};

describe('an answer is checked', () => {
  test.each<[string, OutputSchema, string, readonly string[]]>([
    ['no JSON', SCHEMA, 'It is good.', [expect.stringMatching(/^it is no JSON \(.*\): begin with the JSON$/)]],
    ['a fence', SCHEMA, '```json\n{"verdict":"good"}\n```', [expect.stringContaining('leave out the fence')]],
    ['nothing', SCHEMA, ' \n', ['it is empty']],
    ['another top', SCHEMA, '[1,2]', ['at the top: must be object, but is an array of 2']],
    [
      'a value of no use',
      SCHEMA,
      '{"verdict":"so so"}',
      ['at /verdict: must be equal to one of the allowed values: ["good","bad"], but is "so so"'],
    ],
    ['what is missing', SCHEMA, '{}', ["at the top: must have required property 'verdict'"]],
    ['what is too much', SCHEMA, '{"verdict":"good","more":1}', [expect.stringContaining('"more" is not one of them')]],
    [
      'several places',
      SCHEMA,
      '{"verdict":"good","findings":[{"line":0},{"line":"7"},{}]}',
      [
        'at /findings/0/line: must be >= 1, but is 0',
        'at /findings/1/line: must be integer, but is "7"',
        "at /findings/2: must have required property 'line'",
      ],
    ],
    [
      'a draft 7 tuple',
      { $schema: 'http://json-schema.org/draft-07/schema#', items: [{ type: 'string' }] },
      '[1]',
      ['at /0: must be string, but is 1'],
    ],
    ['a draft 2020-12 tuple', { prefixItems: [{ type: 'string' }] }, '[1]', ['at /0: must be string, but is 1']],
  ])('and told about %s', async (...[, schema, text, problems]) => {
    expect(await validateOutput(schema, text)).toMatchObject({ problems });
  });

  test('and taken with white space around it and formats as they may be', async () => {
    const schema = { type: 'string', format: 'date', 'x-unknown': 1 };

    expect(await validateOutput(schema, ' "no date"\n')).toEqual({ kind: 'valid' });
  });

  test('with the first ten problems and the number of the others', async () => {
    const verdict = await validateOutput({ items: { type: 'string' } }, JSON.stringify(Array.from({ length: 25 }, () => 1)));

    expect(verdict).toMatchObject({
      kind: 'invalid',
      problems: expect.arrayContaining(['at /9: must be string, but is 1', 'and 15 more']),
    });
  });

  test('without a pattern of the caller ever holding the worker up', async () => {
    const schema = { type: 'string', pattern: '^(a+)+$' };

    const verdict = await validateOutput(schema, JSON.stringify(`${'a'.repeat(60)}b`), { timeoutMs: 200 });

    expect(verdict).toEqual({ kind: 'unusable-schema', problem: 'the check took longer than 200 ms: simplify its patterns' });
  });
});

describe('checkOutput', () => {
  let store: TaskStore;
  beforeAll(async () => {
    store = await openSqliteTaskStore(join(await mkdtemp(join(tmpdir(), 'anyport-check-output-')), 'a.db'));
  });
  afterAll(() => store.close());

  async function check(task: string, answer: string, outputSchema?: OutputSchema) {
    const taskId = toTaskId(task);
    await store.putSettings(taskId, { instructions: '', tools: [], ...(outputSchema === undefined ? {} : { outputSchema }) });
    const items = await store.putItems(taskId, [userSaid('go'), said(answer)]);
    const head = await store.appendToTranscript(taskId, EMPTY_TRANSCRIPT, items);
    const environment = new MockActivityEnvironment({ workflowExecution: { workflowId: `agent-task/${task}`, runId: 'run' } });
    const checkOutput = createCheckOutput({ store });
    return environment.run<[CheckOutputInput], CheckOutputResult, typeof checkOutput>(checkOutput, { head });
  }

  test('lets pass what fits, and everything of a task without a schema', async () => {
    expect(await check('fits', '{"verdict":"good"}', SCHEMA)).toEqual({ valid: true });
    expect(await check('free', 'It is good.')).toEqual({ valid: true });
  });

  test('stores what the model is told, and says in a line without content why', async () => {
    const result = await check('secret', '{"verdict":"secret"}', SCHEMA);

    if (result.valid) throw new Error('it fits');
    expect(result.problem).toBe('the answer does not fit the output schema that was asked for');
    expect(await store.getItem(toTaskId('secret'), result.item)).toMatchObject({
      kind: 'user-message',
      origin: 'correction',
      text: expect.stringMatching(
        /^Your last message does not fit.*\n- at \/verdict: must be equal.*\n\nSend the whole answer again: JSON alone/,
      ),
    });
  });

  test('asks for a shorter answer when a result would cut it', async () => {
    const result = await check('long', JSON.stringify('x'.repeat(131_072)), { type: 'string' });

    if (result.valid) throw new Error('it fits');
    expect(await store.getItem(toTaskId('long'), result.item)).toMatchObject({
      text: expect.stringContaining('131074 characters'),
    });
  });

  test('fails for good when the schema itself is none, without a word of it', async () => {
    const failure = await check('broken', '{}', { type: 'secret' }).catch((error: unknown) => error);

    expect(failure).toBeInstanceOf(ApplicationFailure);
    expect(failure).toMatchObject({ type: 'OutputSchemaUnusable', nonRetryable: true });
    expect(String(failure)).toContain('cannot be used to check its answer: it does not compile');
  });
});
