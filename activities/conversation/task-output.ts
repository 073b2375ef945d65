/** What a task has to say at its end. */
import type { TranscriptItem } from '../../workflows/domain/transcript.ts';

/** Temporal refuses payloads of 2 MB; a result carries a diff of up to 400 KB, too. In UTF-16 units, at most 3 bytes each. */
export const MOST_OUTPUT_CHARACTERS = 128 * 1024;

/** The last message of the model, whole; '' when there is none. */
export function outputTextOf(transcript: readonly TranscriptItem[]): string {
  return transcript.findLast((item) => item.kind === 'assistant-message')?.text ?? '';
}
