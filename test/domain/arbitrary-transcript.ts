/** Transcripts as no cloud should leave them, but a crash, a cut, a bug or another cloud can. */
import fc from 'fast-check';
import type { ToolImage, ToolInput, TranscriptItem } from '../../workflows/domain/transcript.ts';
import { EMULATED_ENDPOINTS } from '../emulators/emulated-endpoints.ts';

/** The boundary of an emulated endpoint's deployment. */
export function boundaryOf(endpoint: string): string {
  return `${endpoint}:gpt-6`;
}

export const BOUNDARIES: readonly string[] = EMULATED_ENDPOINTS.map(({ name }) => boundaryOf(name));

const codeUnits = fc.array(fc.integer({ min: 0, max: 0xff_ff }), { maxLength: 8 });
const text = fc.oneof(
  fc.constantFrom('', ' ', 'plain', '\ud83d', 'cut \ud83d', '\ude00 begun', '👩‍💻'),
  fc.string({ unit: 'binary', maxLength: 12 }),
  codeUnits.map((units) => String.fromCharCode(...units)),
);

/** Few, so that calls and results meet, ids repeat, and names that we give are taken already. */
const callId = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('call_0', 'call_1', 'call_2', 'toolu-A', 'functions.read:0', 'x'.repeat(64)) },
  { weight: 1, arbitrary: fc.oneof(fc.constantFrom('', '\ud800', 'x'.repeat(65), 'y'.repeat(300)), text) },
);
/** As models write them for one deployment, to be told to another. */
const patch = fc.constantFrom(
  '*** Begin Patch\n*** Add File: a\n+x\n*** End Patch',
  '*** Begin Patch\n*** Delete File: a\n*** Update File: b\n@@ f\n-x\n+*** End Patch\n*** End Patch',
  '*** Begin Patch\n*** Add File: empty\n*** Add File: c\n+\ud83d\n*** Delete File: a\n*** End Patch',
  '*** Begin Patch\n*** Update File: a\n*** Move to: b\n-x\n+y\n*** End Patch',
  '*** Begin Patch\n*** Update File: a\nno line\n*** End Patch',
);
const toolName = fc.oneof(fc.constantFrom('read_file', 'apply_patch', 'functions.read_file', '', 'n'.repeat(200)), text);
const input: fc.Arbitrary<ToolInput> = fc.oneof(
  fc.record({ kind: fc.constant('json' as const), text: fc.oneof(fc.constantFrom('{"path":"a"}', '{"path', '{}'), text) }),
  fc.record({ kind: fc.constant('text' as const), text }),
);

const patchCall: fc.Arbitrary<TranscriptItem & { kind: 'tool-call' }> = fc.record({
  kind: fc.constant('tool-call' as const),
  callId,
  name: fc.constant('apply_patch'),
  input: patch.map((written): ToolInput => ({ kind: 'text', text: written })),
});

const reasoning = fc
  .record({ endpoint: fc.constantFrom(...EMULATED_ENDPOINTS), number: fc.nat({ max: 9 }), summary: text })
  .map(({ endpoint: { name }, number, summary }): TranscriptItem => {
    const item = {
      type: 'reasoning',
      id: `rs_${number}`,
      summary: [{ type: 'summary_text', text: summary }],
      encrypted_content: `enc:${name}:${number}`,
    };
    return { kind: 'reasoning', boundary: boundaryOf(name), payload: JSON.stringify(item) };
  });
const userMessage = fc.record({ kind: fc.constant('user-message' as const), text });
const assistantMessage: fc.Arbitrary<TranscriptItem> = fc.record(
  {
    kind: fc.constant('assistant-message' as const),
    text,
    phase: fc.constantFrom('commentary' as const, 'final-answer' as const),
    refusal: fc.boolean(),
  },
  { requiredKeys: ['kind', 'text'] },
);
const toolCall = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('tool-call' as const), callId, name: toolName, input }) },
  { weight: 1, arbitrary: patchCall },
);
const outcome = fc.constantFrom('ok' as const, 'failed' as const, 'refused' as const, 'unknown' as const);
const image: fc.Arbitrary<ToolImage> = fc.record({
  mediaType: fc.constantFrom('image/png' as const, 'image/jpeg' as const),
  base64: fc.constantFrom('iVBORw0KGgo=', '/9j/4AAQ'),
});
const toolResult: fc.Arbitrary<TranscriptItem> = fc.record(
  { kind: fc.constant('tool-result' as const), callId, outcome, output: text, images: fc.array(image, { maxLength: 2 }) },
  { requiredKeys: ['kind', 'callId', 'outcome', 'output'] },
);

/** A turn as it should be, with the results in any order; its ids may be those of another turn. */
const turn = fc
  .record({
    before: fc.array(fc.oneof(reasoning, assistantMessage), { maxLength: 3 }),
    calls: fc.uniqueArray(toolCall, { maxLength: 4, selector: (call) => call.callId }),
    output: text,
  })
  .chain(({ before, calls, output }) =>
    fc
      .shuffledSubarray(calls, { minLength: calls.length })
      .map((answered): readonly TranscriptItem[] => [
        ...before,
        ...calls,
        ...answered.map((call) => ({ kind: 'tool-result' as const, callId: call.callId, outcome: 'ok' as const, output })),
      ]),
  );

const anything = fc.array<TranscriptItem>(fc.oneof(reasoning, userMessage, assistantMessage, toolCall, toolResult), {
  maxLength: 14,
});
const turns = fc.array(turn, { maxLength: 4 }).map((all) => all.flat());

/** Whole turns, shreds, and a shred within or after whole turns; cut anywhere. */
export const anyTranscript: fc.Arbitrary<readonly TranscriptItem[]> = fc
  .record({ begun: fc.boolean(), first: turns, middle: anything, last: turns, cut: fc.nat({ max: 60 }) })
  .map(({ begun, first, middle, last, cut }) => {
    const opening: readonly TranscriptItem[] = begun ? [{ kind: 'user-message', text: 'fix it' }] : [];
    return [...opening, ...first, ...middle, ...last].slice(0, cut);
  });
