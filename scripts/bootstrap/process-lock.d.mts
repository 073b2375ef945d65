export function withLock<Result>(directory: string, onWait: (pid: number) => void, work: () => Promise<Result>): Promise<Result>;
