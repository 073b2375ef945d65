import { describe, expect, it } from 'vitest';
import { parseTaskRequest, TaskRequestError } from '../../client/task-request.ts';

const REQUEST = { prompt: 'mend it', model: 'gpt-6.1-sol' };

describe('parseTaskRequest', () => {
  it('gives a whole request back as it is', () => {
    const request = {
      ...REQUEST,
      tenant: 'team-a',
      instructions: 'be brief',
      workspace: '/srv/repository',
      includeUncommitted: true,
      sandbox: 'none',
      network: 'none',
      needs: ['tools'],
      maxTurns: 3,
      maxOutputTokens: 100,
      folder: 'packages/parser',
      readOnly: true,
      outputSchema: { $schema: 'http://json-schema.org/draft-07/schema#', type: 'object' },
      check: { command: 'npm test', timeoutMs: 60_000 },
      budget: { costUsd: 2.5, tokens: 1_000, turns: 3, toolCalls: 9, wallClockMs: 60_000 },
    };

    expect(parseTaskRequest(request)).toEqual(request);
  });

  it.each([
    [{ model: 'm' }, 'prompt is missing: write a text that says what to do'],
    [{ ...REQUEST, prompt: ' \n' }, 'prompt is " \\n": write a text'],
    [{ ...REQUEST, model: 'a b' }, 'model is "a b": write the name of a model, such as "gpt-6.1-sol"'],
    [{ ...REQUEST, workspace: 'relative' }, 'workspace is "relative": write the absolute path'],
    [{ ...REQUEST, network: ['a.example'] }, 'network is ["a.example"]: write "none", or leave it out'],
    [{ ...REQUEST, sandbox: 'docker' }, 'sandbox is "docker": write "bubblewrap" or "none"'],
    [{ ...REQUEST, needs: ['flying'] }, 'needs is ["flying"]: write a list of streaming, tools'],
    [{ ...REQUEST, maxTurns: 0 }, 'maxTurns is 0: write a whole number from 1'],
    [{ ...REQUEST, maxTurns: 1.5 }, 'maxTurns is 1.5'],
    [{ ...REQUEST, budget: { costUsd: 0 } }, 'budget is {"costUsd":0}: write an object with any of costUsd (dollars)'],
    [{ ...REQUEST, budget: { dollars: 5 } }, 'budget is {"dollars":5}: write an object with any of costUsd'],
    [{ ...REQUEST, budget: { turns: 1.5 } }, 'budget is {"turns":1.5}'],
    [{ ...REQUEST, folder: '../up' }, 'folder is "../up": write a folder of the repository from its root'],
    [{ ...REQUEST, folder: '/srv' }, 'folder is "/srv"'],
    [{ ...REQUEST, folder: 'a/.git' }, 'folder is "a/.git"'],
    [{ ...REQUEST, readOnly: 'yes' }, 'readOnly is "yes": write true or false'],
    [{ ...REQUEST, outputSchema: [] }, 'outputSchema is []: write an object that is a JSON schema of draft 2020-12 or 7'],
    [{ ...REQUEST, outputSchema: { type: 'thing' } }, 'outputSchema is no schema of draft 2020-12 (schema is invalid: data/type'],
    [{ ...REQUEST, outputSchema: { $ref: 'https://a.example/b' } }, "is no schema of draft 2020-12 (can't resolve reference"],
    [{ ...REQUEST, outputSchema: { $schema: 'urn:x' } }, 'outputSchema is of another draft ("$schema" is "urn:x")'],
    [{ ...REQUEST, outputSchema: { title: 'x'.repeat(70_000) } }, 'outputSchema is too large (70012 bytes): write'],
    [{ ...REQUEST, check: { command: ' ' } }, 'check is {"command":" "}: write an object with "command"'],
    [{ ...REQUEST, check: { command: 'true', timeoutMs: 1 } }, 'and maybe "timeoutMs", from 1000 to 7200000'],
    [{ ...REQUEST, check: { command: 'true' } }, 'check is of use with a workspace alone: name one, or leave it out'],
    [{ ...REQUEST, agent: 'helper' }, 'agent is of use with managed agents alone: add "managed": true'],
    [
      { ...REQUEST, managed: true, agent: 'no body' },
      'agent is "no body": write the id of an agent that is saved at the service',
    ],
    [{ ...REQUEST, managed: true, maxOutputTokens: 9 }, 'maxOutputTokens is nothing that services of managed agents can be told'],
    [{ ...REQUEST, modle: 'x' }, 'unknown field "modle": a task request has prompt, model'],
    [{ ...REQUEST, prompt: 'é'.repeat(500_001) }, 'prompt is longer than 1000000 bytes'],
    [[], 'a task request is an object with "prompt" and "model", not []'],
    ['text', 'a task request is an object with "prompt" and "model", not "text"'],
    [undefined, 'a task request is an object with "prompt" and "model", not undefined'],
  ])('says what is wrong with %j', (value, words) => {
    expect(() => parseTaskRequest(value)).toThrow(TaskRequestError);
    expect(() => parseTaskRequest(value)).toThrow(words);
  });

  it('names every mistake, and shows no control characters of a value', () => {
    expect(() => parseTaskRequest({ prompt: 7, model: '\u001b[31m' })).toThrow(/prompt is 7.*\nmodel is "\\u001b\[31m"/);
  });
});
