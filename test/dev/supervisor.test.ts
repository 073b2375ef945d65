import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { scratchDirectory } from './scratch-directory.ts';

const SUPERVISOR = fileURLToPath(new URL('../../workers/supervisor/main.ts', import.meta.url));

test('a supervisor whose worker refuses its configuration says why and ends, though its lifeline is open', async () => {
  const directory = scratchDirectory();
  const config = join(directory, 'anyport.yaml');
  writeFileSync(config, 'endpoints: { here: { cloud: nowhere } }\n');
  const child = spawn(process.execPath, [
    SUPERVISOR,
    '--exit-with-parent',
    '--config',
    config,
    '--data',
    join(directory, 'data'),
  ]);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));

  const [code] = await once(child, 'close');

  expect({ code, said }).toEqual({ code: 1, said: expect.stringContaining(`${config}:1:`) });
});
