import { describe, expect, test } from 'vitest';
import type { TranscriptItem } from '../../workflows/domain/transcript.ts';
import { CLASSIC_MODEL } from '../emulators/managed-agents/start-classic.ts';
import { BEDROCK_CLASSIC } from './emulated-classic.ts';
import { AGENT_ENGINE, FOUNDRY_AGENTS } from './emulated-engines.ts';
import type { EmulatedService } from './emulated-services.ts';
import { EMULATED_SERVICES } from './emulated-services.ts';
import { aScene } from './scene.ts';
import { ask, serviceOf, sessionsOf } from './session-caller.ts';

const OPENAI = serviceOf('openai-agents');

const STREAM_CUT = { kind: 'stream-cut', afterEvents: 1, count: 1 };

function failedTurn({ turnCodes }: EmulatedService) {
  return { kind: 'turn-failed', code: Object.keys(turnCodes).find((code) => turnCodes[code] === 'unavailable'), count: 1 };
}

describe('sessions at the Agents API', () => {
  const scene = aScene(OPENAI);

  test('an opening that was refused leaves nothing to be closed', async () => {
    const { call, records } = await sessionsOf(OPENAI, scene.emulator().origin);
    await scene.fault({ kind: 'status', on: 'open', status: 503, count: 1 });

    await expect(call([ask('say hello')])).rejects.toMatchObject({ failure: { kind: 'overloaded' } });
    const answer = await call([ask('say hello')]);

    expect(answer.items).toContainEqual(expect.objectContaining({ text: 'hello there' }));
    expect(await records()).toEqual([
      expect.objectContaining({ generation: 1, isClosed: true }),
      expect.objectContaining({ generation: 2, sessionId: answer.responseId }),
    ]);
  });

  test('an input whose end nobody saw is asked after by the next attempt, and not said again', async () => {
    const { call } = await sessionsOf(OPENAI, scene.emulator().origin);
    const before = await scene.ledger();
    const stopped = new AbortController();
    await scene.fault({ kind: 'slow', eventDelayMs: 200 });
    const cut = call([ask('say hello')], stopped.signal);
    setTimeout(() => stopped.abort(), 500);
    await expect(cut).rejects.toThrow(/abort/i);

    const answer = await call([ask('say hello')]);

    expect(answer.items).toContainEqual(expect.objectContaining({ text: 'hello there' }));
    const after = await scene.ledger();
    expect([after.sessions.length - before.sessions.length, after.generations.length - before.generations.length]).toEqual([
      1, 1,
    ]);
    expect(after.requests.slice(before.requests.length).filter(({ path }) => path.endsWith('/events'))).not.toContainEqual(
      expect.objectContaining({ method: 'POST' }),
    );
  });

  test.each([401, 429])('an input that was taken is not said again when what became of it is refused with %d', async (status) => {
    const { call } = await sessionsOf(OPENAI, scene.emulator().origin);
    await call([ask('say hello')]);
    const before = await scene.ledger();
    await scene.fault({ kind: 'status', on: 'read', status, count: 1 });

    const answer = await call([ask('say hello'), ask('and once more')]);

    expect(answer.items).toContainEqual(expect.objectContaining({ text: 'hello again' }));
    const { generations, requests } = await scene.ledger();
    expect(generations.length - before.generations.length).toBe(1);
    expect(requests.slice(before.requests.length).map((each) => each.status)).toContain(status);
  });

  test('a session that works at what nobody wants any more is stopped before another one takes its place', async () => {
    const { call, records } = await sessionsOf(OPENAI, scene.emulator().origin);
    const stopped = new AbortController();
    await scene.fault({ kind: 'slow', eventDelayMs: 300 });
    const cut = call([ask('say hello')], stopped.signal);
    setTimeout(() => stopped.abort(), 500);
    await expect(cut).rejects.toThrow(/abort/i);
    const before = await scene.ledger();

    await call([ask('say hello'), ask('and once more')]);

    const [first] = await records();
    const { requests } = await scene.ledger();
    const said = requests
      .slice(before.requests.length)
      .filter(({ method, path }) => method === 'POST' && path.endsWith(`${first?.sessionId}/events`));
    expect(said).toHaveLength(1);
    expect(first).toMatchObject({ isOver: true });
  });

  test('so is one whose opening was not answered: it is looked for', async () => {
    const { call } = await sessionsOf(OPENAI, scene.emulator().origin);
    await scene.fault({ kind: 'answer-lost', on: 'open', count: 1 }, { kind: 'slow', eventDelayMs: 5_000, count: 1 });
    await expect(call([ask('say hello')])).rejects.toMatchObject({ failure: { acceptance: 'unknown' } });
    const [orphan] = (await scene.ledger()).sessions.slice(-1);

    await call([ask('say hello'), ask('and once more')]);

    const { sessions } = await scene.ledger();
    expect(orphan).toMatchObject({ status: 'in_progress' });
    expect(sessions.find(({ id }) => id === orphan?.id)).toMatchObject({ status: 'idle', closed: false });
    expect(sessions.at(-1)?.id).not.toBe(orphan?.id);
  });
});

describe.each([OPENAI, FOUNDRY_AGENTS])('a session at $name that has become too long', (service) => {
  const scene = aScene(service);

  test('makes room for another one, which is told what matters of it', async () => {
    const { call, records } = await sessionsOf(service, scene.emulator().origin);
    const { items } = await call([ask('say hello')]);
    const asked = [ask('say hello'), ...items, ask('and once more')];
    await scene.fault({ kind: 'turn-failed', code: 'context_length_exceeded', count: 1 });

    await expect(call(asked)).rejects.toMatchObject({
      failure: { kind: 'unavailable', scope: 'request', code: 'session full', acceptance: 'accepted' },
    });
    await call(asked);

    expect((await records()).map(({ isOver }) => isOver)).toEqual([true, undefined]);
    expect((await scene.ledger()).inputs.at(-1)?.said).toEqual([expect.stringContaining('You:\nhello there'), 'and once more']);
  });

  test('is no such thing when the task itself is: its opening says so', async () => {
    const { call } = await sessionsOf(service, scene.emulator().origin);
    await scene.fault({ kind: 'turn-failed', code: 'context_length_exceeded', count: 1 });

    await expect(call([ask('say hello')])).rejects.toMatchObject({ failure: { kind: 'context-overflow' } });
  });
});

describe.each([OPENAI, FOUNDRY_AGENTS])('a session at $name that does not wait any more for what it is told', (service) => {
  const scene = aScene(service);

  test('makes room for another one', async () => {
    const { call, records } = await sessionsOf(service, scene.emulator().origin);
    const { items } = await call([ask('use the tool')]);
    const ran = items.flatMap((item): readonly TranscriptItem[] => {
      return item.kind === 'tool-call' ? [{ kind: 'tool-result', callId: item.callId, outcome: 'ok', output: 'two tests' }] : [];
    });
    const told = [ask('use the tool'), ...items, ...ran];
    await scene.fault({ kind: 'status', on: 'input', status: 400, count: 1 });

    await expect(call(told)).rejects.toMatchObject({
      failure: { kind: 'unavailable', scope: 'request', code: 'session out of step', acceptance: 'not-accepted' },
    });
    await call(told);

    expect((await records()).map(({ isOver }) => isOver)).toEqual([true, undefined]);
    expect((await scene.ledger()).inputs.at(-1)?.said).toEqual([expect.stringContaining('two tests')]);
  });
});

describe('sessions at a service whose client names them', () => {
  const scene = aScene(BEDROCK_CLASSIC);

  test('are known by their name before they are opened, so that one whose opening was not answered is closed, too', async () => {
    const { call, records } = await sessionsOf(BEDROCK_CLASSIC, scene.emulator().origin);
    await scene.fault({ kind: 'answer-lost', on: 'open', count: 1 });

    await expect(call([ask('say hello')])).rejects.toMatchObject({
      failure: { acceptance: expect.stringMatching(/unknown|accepted/) },
    });

    const [record] = await records();
    const { sessions } = await scene.ledger();
    expect(record?.sessionId).toBe(sessions.at(-1)?.id);
    expect(record).not.toHaveProperty('isClosed');
  });
});

describe.each([...EMULATED_SERVICES, { ...BEDROCK_CLASSIC, plan: { wireModel: CLASSIC_MODEL } }])(
  'the session of a task at $name with $plan',
  (service) => {
    const scene = aScene(service);

    test('is closed by whoever knows its record alone', async () => {
      const { call, close } = await sessionsOf(service, scene.emulator().origin);
      await call([ask('say hello')]);

      await close();

      expect((await scene.ledger()).sessions).toEqual([expect.objectContaining({ closed: true })]);
    });
  },
);

describe.each([AGENT_ENGINE, FOUNDRY_AGENTS])(
  'the session of a task at $name, whose first input is a request of its own',
  (service) => {
    const scene = aScene(service);

    test('is closed, too, when that was refused', async () => {
      const { call, close } = await sessionsOf(service, scene.emulator().origin);
      await scene.fault({ kind: 'status', on: 'open', status: 503, skip: 1, count: 1 });
      await expect(call([ask('say hello')])).rejects.toMatchObject({ failure: { acceptance: 'not-accepted' } });

      await call([ask('say hello')]);
      await close();

      const { sessions, inputs } = await scene.ledger();
      expect(sessions.map(({ closed }) => closed)).toEqual([true, true]);
      expect(inputs).toHaveLength(1);
    });
  },
);

describe.each(EMULATED_SERVICES)('an input to a session at $name', (service) => {
  const scene = aScene(service);

  test('that was plainly refused is not asked after', async () => {
    const { call } = await sessionsOf(service, scene.emulator().origin);
    const question = [ask('say hello')];
    const { items } = await call(question);
    await scene.fault({ kind: 'status', on: 'input', status: 503, count: 1 });

    await expect(call([...question, ...items, ask('and once more')])).rejects.toMatchObject({
      failure: { kind: 'overloaded', acceptance: 'not-accepted' },
    });

    const { requests } = await scene.ledger();
    expect(requests.at(-1)).toMatchObject({ fault: 'status', status: 503 });
  });
});

describe.each(
  [AGENT_ENGINE, FOUNDRY_AGENTS].flatMap((service) => [
    { ...service, how: 'without a word', faults: [{ kind: 'empty-turn', count: 1 }] },
    { ...service, how: 'without a word, as nobody was told', faults: [{ kind: 'empty-turn', count: 1 }, STREAM_CUT] },
    { ...service, how: 'with an error that nobody was told', faults: [failedTurn(service), STREAM_CUT] },
  ]),
)('a session at $name whose turn ended $how', ({ faults, ...service }) => {
  const scene = aScene(service);

  test('makes room for another one at once', async () => {
    const { call, records } = await sessionsOf(service, scene.emulator().origin);
    const { items } = await call([ask('say hello')]);
    const asked = [ask('say hello'), ...items, ask('and once more')];
    await scene.fault(...faults);
    await expect(call(asked)).rejects.toMatchObject({ failure: { phase: 'terminal', acceptance: 'accepted' } });

    const answer = await call(asked);

    expect(answer.items).toContainEqual(expect.objectContaining({ text: 'hello again' }));
    expect((await records()).map(({ isOver }) => isOver)).toEqual([true, undefined]);
  });
});

describe('an input that was lost on its way', () => {
  const scene = aScene(AGENT_ENGINE);

  test('is asked after until it is known that the session never had it, and no longer', async () => {
    const { call } = await sessionsOf(AGENT_ENGINE, scene.emulator().origin);
    const question = [ask('say hello')];
    const { items } = await call(question);
    await scene.fault({ kind: 'input-lost', on: 'input', count: 1 });

    await expect(call([...question, ...items, ask('and once more')])).rejects.toMatchObject({ failure: { kind: 'unavailable' } });

    const { requests } = await scene.ledger();
    const after = requests.slice(requests.findIndex(({ fault }) => fault === 'input-lost') + 1);
    expect(after.filter(({ path }) => !path.includes('/events'))).toHaveLength(1);
  });
});

describe.each(EMULATED_SERVICES)('an agent that a task asks for itself, and that is not saved at $name', (service) => {
  const scene = aScene(service);

  test.each(['helper-of-nobody', '4242/NO_SUCH.agent'])(
    '%s: is told as what the task lacks, and says nothing of the deployment',
    async (agent) => {
      const { call, close } = await sessionsOf(service, scene.emulator().origin, agent);

      const code = service.name === 'bedrock-managed' ? 'it has no saved agents' : `no agent "${agent}" there`;
      await expect(call([ask('say hello')])).rejects.toMatchObject({
        failure: { kind: 'ineligible', scope: 'request', acceptance: 'not-accepted', code },
      });

      await close();
      expect((await scene.ledger()).sessions.filter(({ closed }) => !closed)).toEqual([]);
    },
  );
});
