/** What emulated services say of a turn that failed. It quotes the request: an adapter must not let it out. */
export const FAILURE_MESSAGE = 'emulated failure that quotes say hello';
