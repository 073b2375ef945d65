/** Commands that have a way out: a door of their own is opened before they start, and closed after they have ended. */
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Launcher } from './bubblewrap-launch.ts';
import type { EgressDoor, EgressRequest } from './egress.ts';
import { EGRESS_ENVIRONMENT, EGRESS_SOCKET, RELAY, RELAY_PORT } from './egress-environment.ts';

/** Opens a way out for one command. */
export type OpenEgress = (request: Pick<EgressRequest, 'workspace' | 'say'>) => Promise<EgressDoor>;

const RELAY_FILE = fileURLToPath(new URL('relay.mjs', import.meta.url));
/**
 * Starts the relay by Node, the first argument, and waits until it listens: the pipe closes then. It becomes a child of the sandbox's first
 * process, not of the command, and has none of the command's streams.
 */
const WITH_RELAY =
  `[ "$("$1" ${RELAY} ${EGRESS_SOCKET} ${RELAY_PORT} </dev/null 2>/dev/null &)" = listening ] || ` +
  '{ echo "The command was not run: the network of its sandbox could not be started."; exit 125; }; shift; exec "$@"';

/** The command, once the relay listens; else words in its place, and the exit code 125. */
export function afterRelay(node: string, argv: readonly string[]): readonly string[] {
  return ['/bin/sh', '-c', WITH_RELAY, 'sh', node, ...argv];
}

export function withEgress(launcher: Launcher, open: OpenEgress): Launcher {
  return {
    async prepare(command) {
      if (command.isOffline === true) return launcher.prepare(command);
      const { workspace, onOutput } = command;
      // Programs show little of what a proxy tells them: the model reads it between their lines.
      const say = (refusal: string): void => onOutput(Buffer.from(`\n[sandbox] A connection was refused: ${refusal}.\n`));
      const door = await open({ workspace, say });
      try {
        const launch = await launcher.prepare({
          ...command,
          argv: afterRelay(realpathSync(process.execPath), command.argv),
          files: [
            [door.socket, EGRESS_SOCKET],
            [RELAY_FILE, RELAY],
          ],
          variables: EGRESS_ENVIRONMENT,
        });
        const release = async (): Promise<readonly string[]> => {
          await door.close();
          return launch.release();
        };
        return { ...launch, release };
      } catch (error) {
        await door.close();
        throw error;
      }
    },
  };
}
