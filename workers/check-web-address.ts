/** Whether an address can be called with credentials. */
import type { Report } from './config-mistakes.ts';

/** Where no stranger listens in between. */
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

export function checkWebAddress(key: string, address: string | undefined, report: Report): void {
  if (address === undefined) return;
  const url = URL.parse(address);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    report([key], `${key} is no web address: write https://HOST/PATH`);
  } else if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    report([key], `${key} must have no user, password, query or fragment: credentials belong to auth`);
  } else if (url.protocol === 'http:' && !LOOPBACK.test(url.hostname)) {
    report([key], `${key} sends credentials to ${url.hostname} unencrypted: use https:// (http:// is for this machine alone)`);
  }
}
