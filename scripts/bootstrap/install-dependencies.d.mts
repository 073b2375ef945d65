export function installDependencies(root: string): Promise<void>;
export function whyInstall(root: string): Promise<string | undefined>;
export function nodeBinary(root: string): string;
