import { isIPv4 } from 'node:net';

/** Whether nobody but programs of this machine reaches the address: `localhost`, `127.0.0.0/8` or `::1`. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}
