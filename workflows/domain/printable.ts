/** What models, tools and clouds say is untrusted: it must not move the cursor, recolour, or reorder what a person reads. */

// Control characters but tab and newline, escape, C1, zero-width, bidi marks and overrides, line separators, tag characters.
const UNPRINTABLE =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;
// Whole escape sequences (colours, titles, links), so that no rest of them, such as "[31m", is left as text.
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const ESCAPE_SEQUENCE = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;

/** The text with its lines and tabs, and nothing else that a terminal would act on. */
export function toPrintableText(text: string): string {
  return text.toWellFormed().replaceAll('\r\n', '\n').replaceAll(ESCAPE_SEQUENCE, '').replaceAll(UNPRINTABLE, '');
}

/** One line of JSON in which such characters are escaped: the same value to a program, harmless on a terminal. */
export function toJsonLine(value: unknown): string {
  return JSON.stringify(value).replaceAll(UNPRINTABLE, escapeCodeUnits);
}

function escapeCodeUnits(character: string): string {
  return Array.from({ length: character.length }, (_, index) => {
    const code = character.charCodeAt(index).toString(16).padStart(4, '0');
    return `\\u${code}`;
  }).join('');
}
