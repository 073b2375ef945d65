/** What a review comes to: the form that the model is held to, and what is taken of its answer. */
import { z } from 'zod';
import type { OutputSchema } from '../../workflows/domain/output-schema.ts';
import type { ChangedLines } from './changed-lines.ts';

const confidence = z.number().min(0).max(1).describe('From 0 to 1: how sure you are.');

const findingSchema = z.strictObject({
  title: z.string().describe('What is wrong, in one line of at most 80 characters.'),
  body: z.string().describe('In one paragraph: when it shows, what happens then, and why. Name inputs and lines.'),
  priority: z
    .literal([0, 1, 2, 3])
    .describe('0: breaks what everybody uses; 1: must be mended before it is merged; 2: should be mended; 3: worth knowing.'),
  confidence,
  file: z.string().describe("Path from the repository's root, of a file that the change touches."),
  startLine: z.int().min(1).describe('First line, in the changed file; in the old one when it is deleted.'),
  endLine: z.int().min(1).describe('Last line; as few lines as show it.'),
});

const answerSchema = z.strictObject({
  findings: z.array(findingSchema).describe('Every finding that counts; none when there is none.'),
  verdict: z.enum(['correct', 'incorrect']).describe('incorrect: there is at least one finding of priority 0 or 1.'),
  explanation: z.string().describe('Why, in one to three sentences.'),
  confidence,
});

export type ReviewFinding = z.infer<typeof findingSchema>;
export type ReviewAnswer = z.infer<typeof answerSchema>;

/** A review as it is told: what points nowhere is only counted. */
export interface Review extends ReviewAnswer {
  readonly dropped: number;
  /** Something must be mended first. */
  readonly blocked: boolean;
}

/** It must be mended before the change is merged. */
export function isBlocking({ priority }: ReviewFinding): boolean {
  return priority <= 1;
}

/** The schema that clouds take in their strict mode: every property is required, and there are no others. */
export function reviewSchema(): OutputSchema {
  const { $schema: _draft, ...schema } = z.toJSONSchema(answerSchema);
  return schema;
}

/** `undefined`: it is no review. */
export function readReview(output: string, changed: ChangedLines): Review | undefined {
  const answer = parseAnswer(output);
  if (answer === undefined) return undefined;
  const placed = answer.findings.flatMap((finding) => place(finding, changed));
  const findings = placed.toSorted(
    (one, other) => one.priority - other.priority || compareText(one.file, other.file) || one.startLine - other.startLine,
  );
  // An answer may contradict itself; what is to be mended counts.
  const blocked = answer.verdict === 'incorrect' || findings.some(isBlocking);
  return { ...answer, findings, dropped: answer.findings.length - findings.length, blocked };
}

function parseAnswer(output: string): ReviewAnswer | undefined {
  try {
    const parsed = answerSchema.safeParse(JSON.parse(output));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** The finding with its file as the repository names it; none when it points to what was not changed, or to nothing. */
function place(finding: ReviewFinding, changed: ChangedLines): readonly ReviewFinding[] {
  const file = fileNamed(finding.file, changed);
  if (file === undefined) return [];
  const [startLine, endLine] = [Math.min(finding.startLine, finding.endLine), Math.max(finding.startLine, finding.endLine)];
  const ranges = changed.get(file) ?? [];
  const isWithin = ranges.length === 0 || ranges.some(({ first, last }) => startLine <= last && endLine >= first);
  return isWithin ? [{ ...finding, file, startLine, endLine }] : [];
}

/** Models also write the paths of the diff, `a/…` and `b/…`, and those of their workspace from the root of the disk. */
function fileNamed(written: string, changed: ChangedLines): string | undefined {
  const path = written.replace(/^(\.\/)+/, '');
  if (changed.has(path)) return path;
  const unprefixed = path.replace(/^[ab]\//, '');
  if (changed.has(unprefixed)) return unprefixed;
  if (!path.startsWith('/')) return undefined;
  return [...changed.keys()].filter((file) => path.endsWith(`/${file}`)).toSorted((one, other) => other.length - one.length)[0];
}

function compareText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
