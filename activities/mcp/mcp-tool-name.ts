/** What a model calls a server's tool: `mcp__SERVER__TOOL`, as long and in such letters as every cloud takes. */
import { createHash } from 'node:crypto';

const MOST_CHARACTERS = 64;
const OTHER_CHARACTERS = /[^A-Za-z0-9_-]/g;
/** Of two tools that come out alike, 32 bits tell one from the other. */
const DIGEST_CHARACTERS = 8;

/** `server` is of a-z, 0-9 and "-", so that no two servers have a name in common; `tool` may be anything. */
export function mcpToolName(server: string, tool: string): string {
  const plain = `mcp__${server}__${tool}`;
  const name = plain.replaceAll(OTHER_CHARACTERS, '_');
  if (name === plain && name.length <= MOST_CHARACTERS) return name;
  const digest = createHash('sha256').update(tool).digest('hex').slice(0, DIGEST_CHARACTERS);
  return `${name.slice(0, MOST_CHARACTERS - DIGEST_CHARACTERS - 1)}_${digest}`;
}
