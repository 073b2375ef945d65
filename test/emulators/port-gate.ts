/** Closes the listening socket of a server for as long as a fault says, so that connections to it are really refused. */
import type { Server } from 'node:http';

/** How often a window's beginning and end are looked for. */
const LOOK_MS = 5;

export class PortGate {
  readonly #server: Server;
  readonly #address: { readonly host: string; readonly port: number };
  readonly #shallBeClosed: () => boolean;
  readonly #timer: NodeJS.Timeout;
  #isClosed = false;

  constructor(server: Server, address: { host: string; port: number }, shallBeClosed: () => boolean) {
    this.#server = server;
    this.#address = address;
    this.#shallBeClosed = shallBeClosed;
    // An answer that was begun is finished; its connection then takes no further request.
    server.on('request', (request, response) => {
      response.on('finish', () => {
        if (this.#isClosed) request.socket.destroySoon();
      });
    });
    this.#timer = setInterval(() => void this.update(), LOOK_MS).unref();
  }

  /** Opens or closes at once, and resolves when that is done. */
  async update(): Promise<void> {
    const shallBeClosed = this.#shallBeClosed();
    if (shallBeClosed === this.#isClosed) return;
    this.#isClosed = shallBeClosed;
    if (shallBeClosed) this.#server.close();
    else await this.#listen();
  }

  /** Leaves the port open, for whoever closes the server. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    if (!this.#isClosed) return;
    this.#isClosed = false;
    await this.#listen();
  }

  async #listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#address.port, this.#address.host, () => {
        this.#server.removeListener('error', reject);
        resolve();
      });
    });
  }
}
