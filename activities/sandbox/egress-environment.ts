/** How programs in a sandbox find its way out: where it is mounted, and the variables that they read. */

/** Within the sandbox. */
export const EGRESS_SOCKET = '/run/anyport/egress.sock';
export const RELAY = '/run/anyport/relay.mjs';
/** In the sandbox's own network, where nobody else listens: any one that development servers are not started at. */
export const RELAY_PORT = 43_128;

const PROXY = `http://127.0.0.1:${RELAY_PORT}`;
/** Servers that the command itself starts. */
const LOCAL = 'localhost,127.0.0.1,::1';

/** curl and git go by lower case, Go, Rust and Python by both; Node by neither unless it is told to, and yarn by its own. */
export const EGRESS_ENVIRONMENT: Readonly<Record<string, string>> = {
  ...{ http_proxy: PROXY, https_proxy: PROXY, all_proxy: PROXY, no_proxy: LOCAL },
  ...{ HTTP_PROXY: PROXY, HTTPS_PROXY: PROXY, ALL_PROXY: PROXY, NO_PROXY: LOCAL },
  NODE_USE_ENV_PROXY: '1',
  ...{ YARN_HTTP_PROXY: PROXY, YARN_HTTPS_PROXY: PROXY },
};
