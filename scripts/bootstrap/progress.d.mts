export function say(text: string): void;
export function runStep<Result>(title: string, work: () => Promise<Result>): Promise<Result>;
