/** Text for a terminal of 120 columns: tables and paragraphs that break at words and never cut. */
import Table from 'cli-table3';

export const COLUMNS = 120;
const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '',
} as const;
/** So that a row of six more columns fits beside it. */
const ID_COLUMNS = 45;

/** Without lines, which would take the place of what is told. */
export function toTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  // The table's own colours would be escaped with the untrusted ones.
  const style = { head: [], border: [], 'padding-left': 0, 'padding-right': 2 };
  const table = new Table({ head: [...head], chars: NO_LINES, style });
  for (const row of rows) table.push([...row]);
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}

/** One paragraph; its first line begins with `first`, the others are as far in. A word that is too long, such as an address, stays whole. */
export function toParagraph(first: string, text: string): string {
  const indent = ' '.repeat(first.length);
  const lines: string[] = [];
  let line = first;
  let isEmpty = true;
  for (const word of text.split(/\s+/).filter((each) => each !== '')) {
    if (!isEmpty && line.length + 1 + word.length > COLUMNS) {
      lines.push(line);
      line = indent;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line].join('\n');
}

/** An id of a table's row: a long one goes on in a second line, after its surface. */
export function toIdCell(id: string): string {
  if (id.length <= ID_COLUMNS) return id;
  const cut = id.split('/', 3).join('/').length + 1;
  return [id.slice(0, cut), `  ${id.slice(cut)}`].flatMap(inPieces).join('\n');
}

/** A stage in a narrow column: the word of the preview in a line of its own. */
export function toStageCell(stage: string): string {
  return stage.replace('-preview', '-\npreview');
}

function inPieces(text: string): readonly string[] {
  return text.match(new RegExp(`.{1,${ID_COLUMNS}}`, 'gsu')) ?? [];
}

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
