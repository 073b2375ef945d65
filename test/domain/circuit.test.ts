import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Admitted, Circuit } from '../../workflows/domain/circuit.ts';
import {
  admissionOf,
  CLOSED,
  endThrottle,
  isWithinShare,
  noteSuccess,
  noteSurge,
  noteThrottle,
  openCircuit,
  PROBE_LEASE_MS,
  releaseProbe,
  renewProbe,
  reopenCircuit,
  takeProbe,
} from '../../workflows/domain/circuit.ts';

const OPENING = {
  nowMs: 0,
  chance: 0,
  openFor: { firstMs: 15_000, longestMs: 300_000 },
  retryAfterMs: undefined,
  isPanic: false,
} as const;
const HOLDER = 'worker-1#1';

/** Opened so often in a row, and due for a probe at the time that comes with it. */
function openedTimes(times: number, opening: Partial<typeof OPENING> = {}): { circuit: Circuit; dueMs: number } {
  let circuit = openCircuit(CLOSED, { ...OPENING, ...opening });
  for (let openings = 1; openings < times; openings += 1) {
    const nowMs = dueOf(circuit);
    circuit = reopenCircuit(takeProbe(circuit, HOLDER, nowMs), probe(openings), { ...OPENING, ...opening, nowMs });
  }
  return { circuit, dueMs: dueOf(circuit) };
}

function dueOf({ state }: Circuit): number {
  return state.kind === 'open' ? state.untilMs : 0;
}

function probe(openings: number): Admitted {
  return { kind: 'probe', holder: HOLDER, openings };
}

describe('an open circuit', () => {
  test('pauses 15 s, then twice as long each time in a row, at most five minutes', () => {
    const pauses = [1, 2, 3, 4, 5, 6, 7].map((times) => {
      const { dueMs } = openedTimes(times);
      return dueMs - (times === 1 ? 0 : openedTimes(times - 1).dueMs);
    });

    expect(pauses).toEqual([15_000, 30_000, 60_000, 120_000, 240_000, 300_000, 300_000]);
  });

  test('stays open for longer when the server says so, never shorter, and at most an hour', () => {
    const pause = (retryAfterMs: number): number => dueOf(openCircuit(CLOSED, { ...OPENING, retryAfterMs }));

    expect([1_000, 40_000, 86_400_000].map(pause)).toEqual([15_000, 40_000, 3_600_000]);
  });

  test('is looked at again within 15 s when most others are open too', () => {
    const openFor = { firstMs: 900_000, longestMs: 3_600_000 };

    expect(dueOf(openCircuit(CLOSED, { ...OPENING, openFor, isPanic: true }))).toBe(15_000);
  });

  test('is not opened anew by calls that were under way', () => {
    const { circuit } = openedTimes(1);

    expect(openCircuit(circuit, { ...OPENING, nowMs: 10_000 })).toBe(circuit);
  });
});

describe('a probe', () => {
  test('is leased to one, and to another only when the lease was given back or lapsed', () => {
    const { circuit, dueMs } = openedTimes(1);
    const taken = takeProbe(circuit, HOLDER, dueMs);

    expect(takeProbe(circuit, HOLDER, dueMs - 1)).toBe(circuit);
    expect(takeProbe(taken, 'worker-2#1', dueMs + 1)).toBe(taken);
    expect(admissionOf(taken, dueMs + 1)).toMatchObject({ kind: 'probing' });
    expect(admissionOf(releaseProbe(taken, HOLDER, dueMs + 1), dueMs + 1)).toEqual({ kind: 'probe' });
    expect(admissionOf(taken, dueMs + PROBE_LEASE_MS)).toEqual({ kind: 'probe' });
    expect(admissionOf(renewProbe(taken, HOLDER, dueMs + 30_000), dueMs + PROBE_LEASE_MS)).toMatchObject({ kind: 'probing' });
  });

  test('that lost its lease says nothing any more', () => {
    const { circuit, dueMs } = openedTimes(1);
    const taken = takeProbe(takeProbe(circuit, HOLDER, dueMs), 'worker-2#1', dueMs + PROBE_LEASE_MS);

    expect(noteSuccess(taken, probe(1), 0)).toBe(taken);
    expect(reopenCircuit(taken, probe(1), OPENING)).toBe(taken);
    expect(renewProbe(taken, HOLDER, 0)).toBe(taken);
    expect(releaseProbe(taken, HOLDER, 0)).toBe(taken);
  });
});

describe('a scope that answers again', () => {
  test('is given 10 %, then half of the attempts, and is closed after three answers', () => {
    const { circuit, dueMs } = openedTimes(2);
    const first = noteSuccess(takeProbe(circuit, HOLDER, dueMs), probe(2), dueMs);
    const who = { kind: 'recovering', openings: 2 } as const;
    const second = noteSuccess(first, who, dueMs);

    expect(admissionOf(first, dueMs)).toMatchObject({ kind: 'recovering', share: 0.1 });
    expect(admissionOf(second, dueMs)).toMatchObject({ kind: 'recovering', share: 0.5 });
    expect(noteSuccess(second, who, dueMs).state).toEqual({ kind: 'closed', sinceMs: dueMs });
    expect(reopenCircuit(second, who, { ...OPENING, nowMs: dueMs }).state).toMatchObject({ kind: 'open', openings: 3 });
  });

  test('gets the first attempt at once and its share of those after it', () => {
    const tally = { seen: 0, admitted: 0 };
    const admitted = Array.from({ length: 40 }, () => {
      const isIn = isWithinShare(tally, 0.1);
      tally.seen += 1;
      tally.admitted += isIn ? 1 : 0;
      return isIn;
    });

    expect(admitted[0]).toBe(true);
    expect(admitted.filter(Boolean)).toHaveLength(4);
  });
});

describe('a throttle', () => {
  test.each([
    [
      'without a hint lasts 1 s, then 4 s, doubled each time it comes again, at most a minute',
      undefined,
      [1, 4, 8, 16, 32, 60, 60],
    ],
    ['with a hint lasts as long as that, and as long as one without when it comes again', 2_000, [2, 4, 8, 16, 32, 60, 60]],
    ['with a long hint lasts as long as that', 90_000, [90, 90, 90, 90, 90, 90, 90]],
  ])('%s', (_what, retryAfterMs, seconds) => {
    const pauses: number[] = [];
    let circuit = CLOSED;
    let nowMs = 0;
    for (let times = 0; times < 7; times += 1) {
      circuit = noteThrottle(circuit, { nowMs, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) });
      pauses.push((circuit.throttle?.untilMs ?? 0) - nowMs);
      nowMs = circuit.throttle?.untilMs ?? 0;
    }

    expect(pauses).toEqual(seconds.map((each) => each * 1_000));
  });

  test('is the same for calls that were under way, follows a longer hint, and ends with an answer begun after it', () => {
    const once = noteThrottle(CLOSED, { nowMs: 0 });

    expect(noteThrottle(once, { nowMs: 10 })).toBe(once);
    expect(noteThrottle(once, { nowMs: 10, retryAfterMs: 5_000 }).throttle).toEqual({ untilMs: 5_010, times: 1 });
    expect(endThrottle(once, 500)).toBe(once);
    expect(endThrottle(once, 1_000)).toEqual(CLOSED);
  });
});

test('refused requests are a surge when three tasks send them within a minute', () => {
  const isSurge = (tasks: readonly string[], everyMs: number): boolean => {
    let seen = { circuit: CLOSED, isSurge: false };
    for (const [index, taskId] of tasks.entries()) seen = noteSurge(seen.circuit, taskId, index * everyMs);
    return seen.isSurge;
  };

  expect(isSurge(['a', 'a', 'a', 'a'], 1)).toBe(false);
  expect(isSurge(['a', 'b', 'c'], 30_000)).toBe(false);
  expect(isSurge(['a', 'b', 'c'], 10_000)).toBe(true);
});

describe('whatever the order of events', () => {
  const event = fc.record({
    kind: fc.constantFrom('fail', 'throttle', 'surge', 'admit', 'renew', 'success', 'failure', 'release'),
    who: fc.integer({ min: 0, max: 4 }),
    afterMs: fc.integer({ min: 0, max: 60_000 }),
    chance: fc.double({ min: 0, max: 0.999, noNaN: true }),
  });
  type Event = typeof event extends fc.Arbitrary<infer Generated> ? Generated : never;

  interface World {
    circuit: Circuit;
    nowMs: number;
    /** Who was let through as what, and has not ended as far as it knows. */
    readonly admitted: Map<string, Admitted>;
  }

  /** What can happen without having been let through by the circuit. */
  function fromOutside({ circuit, nowMs }: World, { kind, who, afterMs, chance }: Event): Circuit {
    if (kind === 'fail') return openCircuit(circuit, { ...OPENING, nowMs, chance });
    if (kind === 'surge') return noteSurge(circuit, `task-${who}`, nowMs).circuit;
    if (kind === 'throttle') return noteThrottle(circuit, { nowMs, ...(who === 0 ? { retryAfterMs: afterMs } : {}) });
    return kind === 'admit' ? takeProbe(circuit, `worker-${who}`, nowMs) : circuit;
  }

  function byAdmitted({ circuit, nowMs }: World, role: Admitted, { kind, who, chance }: Event): Circuit {
    if (kind === 'renew') return renewProbe(circuit, `worker-${who}`, nowMs);
    if (kind === 'success') return noteSuccess(circuit, role, nowMs);
    if (kind === 'failure') return reopenCircuit(circuit, role, { ...OPENING, nowMs, chance });
    return kind === 'release' ? releaseProbe(circuit, `worker-${who}`, nowMs) : circuit;
  }

  function roleAfter({ state }: Circuit, holder: string): Admitted | undefined {
    if (state.kind === 'recovering') return { kind: 'recovering', openings: state.openings };
    if (state.kind !== 'half-open' || state.holder !== holder) return undefined;
    return { kind: 'probe', holder, openings: state.openings };
  }

  function step(world: World, each: Event): void {
    world.nowMs += each.afterMs;
    const holder = `worker-${each.who}`;
    const role = world.admitted.get(holder);
    world.circuit = fromOutside(world, each);
    if (role !== undefined) world.circuit = byAdmitted(world, role, each);
    const next = each.kind === 'admit' ? roleAfter(world.circuit, holder) : undefined;
    if (next !== undefined) world.admitted.set(holder, next);
    if (['success', 'failure', 'release'].includes(each.kind)) world.admitted.delete(holder);
  }

  const worlds = fc.array(event, { maxLength: 80 });

  test('at most one probe holds a lease, and none is taken while another holds it', () => {
    fc.assert(
      fc.property(worlds, (events) => {
        const world: World = { circuit: CLOSED, nowMs: 0, admitted: new Map() };
        for (const each of events) {
          const before = world.circuit.state;
          step(world, each);
          const after = world.circuit.state;
          if (before.kind !== 'half-open' || after.kind !== 'half-open' || before.holder === after.holder) continue;
          expect(before.leaseUntilMs).toBeLessThanOrEqual(world.nowMs);
        }
      }),
    );
  });

  test('a probe is let through in the end, and three answers close the circuit', () => {
    fc.assert(
      fc.property(worlds, (events) => {
        const world: World = { circuit: CLOSED, nowMs: 0, admitted: new Map() };
        for (const each of events) step(world, each);
        if (world.circuit.state.kind === 'closed') return;
        const nowMs = world.nowMs + 300_000;
        let { circuit } = world;
        if (circuit.state.kind !== 'recovering') {
          circuit = takeProbe(circuit, 'last', nowMs);
          circuit = noteSuccess(circuit, { kind: 'probe', holder: 'last', openings: openingsOf(circuit) }, nowMs);
        }
        for (let answers = 0; answers < 2; answers += 1) {
          circuit = noteSuccess(circuit, { kind: 'recovering', openings: openingsOf(circuit) }, nowMs);
        }
        expect(circuit.state.kind).toBe('closed');
      }),
    );
  });

  test('throttles and single refusals alone never open it', () => {
    const harmless = fc.array(event.filter(({ kind }) => kind !== 'fail'));
    fc.assert(
      fc.property(harmless, (events) => {
        const world: World = { circuit: CLOSED, nowMs: 0, admitted: new Map() };
        for (const each of events) step(world, each);
        expect(world.circuit.state).toEqual(CLOSED.state);
      }),
    );
  });

  test('it is stored and read without a loss', () => {
    fc.assert(
      fc.property(worlds, (events) => {
        const world: World = { circuit: CLOSED, nowMs: 0, admitted: new Map() };
        for (const each of events) step(world, each);
        expect(JSON.parse(JSON.stringify(world.circuit))).toEqual(world.circuit);
      }),
    );
  });
});

function openingsOf({ state }: Circuit): number {
  return state.kind === 'closed' ? 0 : state.openings;
}
